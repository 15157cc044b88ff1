import { crowd, seconds } from "../load/clients.ts";
import { LeftOutError, type Scenario } from "../scenario.ts";

export const redisKilled: Scenario = {
  name: "redis-killed",
  what: "Redis is killed under load and comes back",
  run: async (ctx) => {
    const redis = await ctx.machine.redis();
    if (!redis) throw new LeftOutError("there is no redis-server on PATH.");
    const robin = await ctx.machine.robin();
    const gateway = await ctx.machine.gateway({ robin, env: { REDIS_URL: redis.url } });
    const rssBefore = gateway.rssMb();
    const events = async () => {
      await seconds(ctx.seconds);
      ctx.say("Redis is killed");
      await redis.kill();
      await seconds(ctx.seconds * 2);
      ctx.say("Redis is back");
      await redis.startAgain();
      await seconds(ctx.seconds * 2);
    };
    const until = events();
    const headers = { authorization: `Bearer ${gateway.token}` };
    const hits = crowd({ url: () => `${gateway.url}/api/v1/queue?page=1&limit=50`, headers, clients: 16, until });
    const misses = crowd({
      url: (index) => `${gateway.url}/api/v1/queue?state=READY&retryMax=${1000 + index}`,
      headers,
      clients: 4,
      perSecond: 40,
      until,
    });
    const strangers = crowd({ url: () => `${gateway.url}/api/v1/auth/verify`, clients: 4, perSecond: 40, until });
    const tallies = [await hits, await misses, await strangers] as const;
    const [hit, other, stranger] = tallies;
    const sum = (of: (tally: (typeof tallies)[number]) => number) =>
      tallies.reduce((total, tally) => total + of(tally), 0);
    return {
      figures: [
        { name: "errors at the socket", value: sum((tally) => tally.errors), unit: "count" },
        { name: "answers other than 200", value: sum((tally) => tally.otherThan(200)), unit: "count" },
        { name: "slowest answer", value: Math.max(...tallies.map((tally) => tally.p(1))), unit: "ms" },
        { name: "RSS growth", value: gateway.rssMb() - rssBefore, unit: "MB" },
      ],
      notes: [`Cached ${hit.words}; not cached ${other.words}; without a sign-in ${stranger.words}.`],
    };
  },
};
