import { ask, Tally } from "../load/clients.ts";
import type { Scenario } from "../scenario.ts";

const clients = 32;

export const coldBurst: Scenario = {
  name: "cold-burst",
  what: "32 new connections at once for what is not cached, Robin's backlog being 10",
  run: async (ctx) => {
    const robin = await ctx.machine.robin();
    const gateway = await ctx.machine.gateway({ robin });
    const headers = { authorization: `Bearer ${gateway.token}` };
    const tally = new Tally();
    let mostCalls = 0;
    const bursts = ctx.options.quick ? 2 : 10;
    for (let burst = 0; burst < bursts; burst += 1) {
      await robin.forgetCalls();
      const url = `${gateway.url}/api/v1/queue?state=READY&retryMax=${1000 + burst}`;
      const asking = Array.from({ length: clients }, () =>
        ask(url, { headers }).then(
          (answer) => {
            tally.add(answer);
          },
          (error: unknown) => {
            tally.fail(error);
          },
        ),
      );
      await Promise.all(asking);
      mostCalls = Math.max(mostCalls, await robin.calls("client", "/client/queue/list"));
    }
    return {
      figures: [
        { name: "clients without an answer", value: tally.errors + tally.otherThan(200), unit: "count" },
        { name: "Robin calls", value: mostCalls, unit: "calls" },
        { name: "slowest answer", value: tally.p(1), unit: "ms" },
      ],
      notes: [`${bursts} bursts, each for a page of its own: ${tally.words}.`],
    };
  },
};
