import { ask, seconds } from "../load/clients.ts";
import { rssMbOf } from "../machine/process-figures.ts";
import type { Scenario } from "../scenario.ts";
import { percentile } from "../statistics.ts";

const limitMs = 45 * 60_000;

interface Run {
  status: string;
  done: number;
  missing: number;
  failed: number;
}

export const bulk: Scenario = {
  name: "bulk",
  what: "a bulk run deletes 100,000 items while others ask Robin",
  run: async (ctx) => {
    const items = ctx.options.quick ? 3000 : 100_000;
    const robin = await ctx.machine.robin({ items });
    const gateway = await ctx.machine.gateway({ robin });
    // The bench is not about how long a worker takes to know the queue.
    const reader = await ctx.machine.worker({ robin, env: { QUEUE_POLL_SHARE: "100" } });
    const headers = { authorization: `Bearer ${gateway.token}`, "content-type": "application/json" };
    const queue = `${gateway.url}/api/v1/queue`;
    const order = async (dryRun: boolean) => {
      const body = JSON.stringify({ action: "delete", all: true, dryRun });
      const response = await fetch(`${queue}/bulk`, { method: "POST", headers, body });
      return (await response.json()) as { matches?: number; run?: { id: string } };
    };
    const read = async (url: string) => JSON.parse((await ask(url, { headers })).body.toString()) as Run;
    const robinMs = async () => (await ask(`${robin.clientUrl}/client/queue/list?limit=50`)).ms;

    ctx.say("the worker reads the queue");
    const begun = performance.now();
    const inTime = () => {
      if (performance.now() - begun > limitMs) throw new Error("The bulk run did not end in time.");
    };
    while ((await order(true)).matches !== items) {
      inTime();
      await seconds(1);
    }
    await reader.stop();
    const worker = await ctx.machine.worker({ robin });
    const alone: number[] = [];
    for (let n = 0; n < 50; n += 1) alone.push(await robinMs());

    ctx.say(`the run over ${items} items`);
    const orderedAt = performance.now();
    const { run } = await order(false);
    const orderMs = performance.now() - orderedAt;
    const meanwhile: number[] = [];
    let rssMost = 0;
    let now = await read(`${queue}/bulk/${run?.id}`);
    while (now.status === "queued" || now.status === "running") {
      inTime();
      meanwhile.push(await robinMs());
      rssMost = Math.max(rssMost, rssMbOf(worker.pid));
      await seconds(0.2);
      now = await read(`${queue}/bulk/${run?.id}`);
    }
    const lasted = (performance.now() - orderedAt) / 1000;
    return {
      figures: [
        { name: "items not deleted", value: items - now.done, unit: "count" },
        { name: "whole run", value: lasted, unit: "s" },
        { name: "answer to the order", value: orderMs, unit: "ms" },
        { name: "Robin's own answer, p95 meanwhile", value: percentile(meanwhile, 0.95), unit: "ms" },
        { name: "Robin's own answer, p95 alone", value: percentile(alone, 0.95), unit: "ms" },
        { name: "RSS of the worker, most", value: rssMost, unit: "MB" },
      ],
      notes: [
        `${Math.round(items / lasted)} items a second; ${now.missing} had gone before their turn, ${now.failed} failed.`,
      ],
    };
  },
};
