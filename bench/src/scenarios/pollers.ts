import { crowd, seconds } from "../load/clients.ts";
import type { Scenario } from "../scenario.ts";

const clients = 1000;
/** Of both operations, as packages/api/src/cache/rules.ts has it. */
const ttlSeconds = 5;
/** Each client asks for the queue and for the health every five seconds. */
const perSecond = (clients * 2) / 5;

export const pollers: Scenario = {
  name: "pollers",
  what: "1,000 clients that poll queue and health for a minute",
  run: async (ctx) => {
    const robin = await ctx.machine.robin();
    const gateway = await ctx.machine.gateway({ robin });
    const duration = ctx.options.quick ? 6 : 60;
    await robin.forgetCalls();
    const tally = await crowd({
      url: (index) => gateway.url + (index % 2 === 0 ? "/queue/json?page=0&size=50" : "/health/aggregate"),
      headers: { authorization: `Bearer ${gateway.token}`, "accept-encoding": "gzip, deflate" },
      clients,
      perSecond,
      until: seconds(duration),
    });
    // One begins at once.
    const ttls = Math.floor(duration / ttlSeconds) + 1;
    const lists = await robin.calls("client", "/client/queue/list");
    const fills = await robin.calls("client", "state=READY");
    const health = await robin.calls("service", "/health");
    return {
      figures: [
        { name: "queue: Robin calls per TTL", value: lists / ttls, unit: "calls" },
        { name: "queue: lists made per TTL", value: fills / ttls, unit: "calls" },
        { name: "health: Robin calls per TTL", value: health / ttls, unit: "calls" },
        { name: "answers other than 200", value: tally.otherThan(200) + tally.errors, unit: "count" },
        { name: "p99", value: tally.p(0.99), unit: "ms" },
      ],
      notes: [
        `${tally.words} in ${duration} s, which Robin saw as ${lists} list calls and ${health} health calls; a list of all states takes one call for each of the three.`,
      ],
    };
  },
};
