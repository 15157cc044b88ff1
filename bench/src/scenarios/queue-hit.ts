import { load } from "../load/load.ts";
import type { Scenario } from "../scenario.ts";
import { browserHeaders, measureHit } from "./hit.ts";

const path = "/api/v1/queue?page=1&limit=50";

export const queueHit: Scenario = {
  name: "queue-hit",
  what: "a signed-in queue list of 50 items from the cache",
  run: async (ctx) => {
    const result = await measureHit(ctx, { path, signedIn: true, express: true, robinPath: "/client/queue/list" });
    ctx.say("without a cache");
    const robin = await ctx.machine.robin();
    const proxy = await ctx.machine.proxy(`${robin.clientUrl}/client/queue/list?limit=50`);
    const uncached = await load(proxy, { path, headers: browserHeaders, connections: 8, seconds: ctx.seconds });
    result.figures.push({ name: "uncached proxy", value: uncached.perSecond, unit: "requests/s" });
    return result;
  },
};
