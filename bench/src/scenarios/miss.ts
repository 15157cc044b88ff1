import { crowd, seconds, Tally } from "../load/clients.ts";
import type { Figure, Scenario } from "../scenario.ts";

const folders = 3000;

/** Each address is asked for once, so that none is in the cache. */
let asked = 0;

/** The time that the gateway adds, against Node's plain client at Robin itself on fresh connections (README of the simulator: why). */
export const miss: Scenario = {
  name: "miss",
  what: "what the gateway adds to a direct Robin call when nothing is cached",
  run: async (ctx) => {
    const robin = await ctx.machine.robin({ items: 120, storeFolders: folders });
    const gateway = await ctx.machine.gateway({ robin });
    const signedIn = { authorization: `Bearer ${gateway.token}`, accept: "application/json" };
    const folder = () => `/bench.example/user${(asked += 1) % folders}/new`;
    const operations = {
      "storage listing": {
        direct: () => `${robin.clientUrl}/store${folder()}/`,
        ours: () => `${gateway.url}/api/v1/storage?path=${folder()}`,
      },
      // One state, since Robin is asked once for each.
      "queue page": {
        direct: () => `${robin.clientUrl}/client/queue/list?limit=50&state=READY`,
        ours: () => `${gateway.url}/api/v1/queue?limit=50&state=READY&retryMax=${1000 + (asked += 1)}`,
      },
    };
    const figures: Figure[] = [];
    const notes: string[] = [];
    const rounds = Math.min(ctx.rounds, 3);
    for (const [name, { direct, ours }] of Object.entries(operations)) {
      for (const clients of [1, 8]) {
        ctx.say(`${name}, ${clients === 1 ? "1 connection" : `${clients} connections`}`);
        const tallies = { direct: new Tally(), ours: new Tally() };
        // What the first requests pay is no matter of the cache.
        await crowd({ url: ours, headers: signedIn, clients, until: seconds(1) });
        let cpuSeconds = 0;
        for (let round = 0; round < rounds; round += 1) {
          const until = () => seconds(ctx.options.quick ? 1 : 2);
          const headers = { accept: "application/json" };
          await crowd({ url: direct, headers, clients, close: true, tally: tallies.direct, until: until() });
          const cpuBefore = gateway.cpuSeconds() ?? NaN;
          await crowd({ url: ours, headers: signedIn, clients, tally: tallies.ours, until: until() });
          cpuSeconds += (gateway.cpuSeconds() ?? NaN) - cpuBefore;
        }
        const label = `${name}, ${clients === 1 ? "1 connection" : `${clients} connections`}`;
        for (const [word, share] of [
          ["p50", 0.5],
          ["p95", 0.95],
        ] as const) {
          const added = tallies.ours.p(share) - tallies.direct.p(share);
          figures.push({ name: `${label}, ${word}`, value: added, unit: "ms" });
        }
        const cpuMs = (1000 * cpuSeconds) / tallies.ours.answers;
        figures.push({ name: `${label}, the gateway's CPU time`, value: cpuMs, unit: "ms" });
        const { direct: robins, ours: gateways } = tallies;
        notes.push(
          `${label}: Robin alone ${robins.p(0.5).toFixed(2)} / ${robins.p(0.95).toFixed(2)} ms (p50 / p95; ${robins.words}), through the gateway ${gateways.p(0.5).toFixed(2)} / ${gateways.p(0.95).toFixed(2)} ms (${gateways.words}).`,
        );
      }
    }
    return { figures, notes };
  },
};
