import { setTimeout as wait } from "node:timers/promises";
import { crowd, seconds } from "../load/clients.ts";
import type { Scenario } from "../scenario.ts";

const clients = 32;

export const workerKilled: Scenario = {
  name: "worker-killed",
  what: "SIGKILL for one of two processes under load",
  run: async (ctx) => {
    const robin = await ctx.machine.robin();
    const gateway = await ctx.machine.gateway({ robin, core: "all", env: { WORKERS: "2" } });
    const before = gateway.family();
    const victim = before[1];
    if (victim === undefined) throw new Error("The gateway with WORKERS=2 has no processes of its own.");
    let backAfter = NaN;
    const events = async () => {
      await seconds(ctx.seconds);
      const killedAt = performance.now();
      process.kill(victim, "SIGKILL");
      const isBack = () => gateway.family().length >= before.length && !gateway.family().includes(victim);
      while (!isBack() && performance.now() - killedAt < 15_000) await wait(20);
      backAfter = (performance.now() - killedAt) / 1000;
      await seconds(ctx.seconds * 2);
    };
    const headers = { authorization: `Bearer ${gateway.token}` };
    const url = () => `${gateway.url}/api/v1/queue?page=1&limit=50`;
    const tally = await crowd({ url, headers, clients, until: events() });
    return {
      figures: [
        { name: "answers other than 200", value: tally.otherThan(200), unit: "count" },
        { name: "lost beyond one per connection", value: Math.max(0, tally.errors - clients), unit: "count" },
        { name: "errors at the socket", value: tally.errors, unit: "count" },
        { name: "new process after", value: backAfter, unit: "s" },
      ],
      notes: [`${clients} connections: ${tally.words}. What a killed process held is lost; nothing else may be.`],
    };
  },
};
