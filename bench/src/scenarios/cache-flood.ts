import { crowd, seconds } from "../load/clients.ts";
import type { Scenario } from "../scenario.ts";
import { steadyHits } from "./logins.ts";

export const cacheFlood: Scenario = {
  name: "cache-flood",
  what: "somebody signed in fills the cache with pages that nobody wants",
  run: async (ctx) => {
    // A Robin that is faster than any, so that as much as can be comes in.
    const robin = await ctx.machine.robin({ serviceTimes: [] });
    const gateway = await ctx.machine.gateway({ robin });
    await steadyHits(gateway, { until: seconds(2) });
    const before = gateway.rssMb();
    const until = seconds(ctx.seconds * 5);
    const samples: number[] = [];
    const timer = setInterval(() => samples.push(gateway.rssMb()), 250);
    ctx.machine.defer(() => {
      clearInterval(timer);
    });
    const headers = { authorization: `Bearer ${gateway.token}` };
    const [flood, hits] = await Promise.all([
      crowd({
        url: (index) => `${gateway.url}/api/v1/queue?state=READY&limit=50&retryMax=${1000 + index}`,
        headers,
        clients: 16,
        until,
      }),
      steadyHits(gateway, { until }),
    ]);
    clearInterval(timer);
    const lastThird = Math.floor((samples.length * 2) / 3);
    const [earlier, later] = [Math.max(...samples.slice(0, lastThird)), Math.max(...samples.slice(lastThird))];
    return {
      figures: [
        { name: "RSS growth in the last third", value: later - earlier, unit: "MB" },
        { name: "RSS, most", value: Math.max(earlier, later), unit: "MB" },
        { name: "RSS before", value: before, unit: "MB" },
        { name: "keys", value: flood.answers, unit: "count" },
        { name: "hits other than 200", value: hits.otherThan(200) + hits.errors, unit: "count" },
        { name: "p99 of hits meanwhile", value: hits.p(0.99), unit: "ms" },
      ],
      notes: [`The flood got ${flood.words}; the others ${hits.words}.`],
    };
  },
};
