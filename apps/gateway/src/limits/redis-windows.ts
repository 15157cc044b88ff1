import type { RedisLink } from "./redis-link.ts";
import type { WindowStore } from "./windows.ts";

/**
 * Takes what is asked for, or what is left. The window begins with the first one, and one that is used up stays as it
 * is, however often it is asked.
 */
const takeScript = `
local want, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local used = tonumber(redis.call("GET", KEYS[1]) or "0")
local granted = math.max(0, math.min(want, limit - used))
if granted > 0 then
  redis.call("INCRBY", KEYS[1], granted)
  if used == 0 then redis.call("PEXPIRE", KEYS[1], ARGV[3]) end
end
return { granted, used + granted, redis.call("PTTL", KEYS[1]) }`;

interface ShareCommands {
  takeShare(key: string, want: number, limit: number, windowMs: number): Promise<[number, number, number]>;
}

/** Windows that all processes count together. What is asked in one turn of the event loop is sent as one pipeline. */
export function createRedisWindows(link: RedisLink, prefix: string): WindowStore {
  const prepared = new WeakSet<object>();
  return {
    usable: () => link.usable(),

    async ask({ name, limit, windowMs }, key, want) {
      const answer = await link.run((redis) => {
        if (!prepared.has(redis)) {
          redis.defineCommand("takeShare", { numberOfKeys: 1, lua: takeScript });
          prepared.add(redis);
        }
        const commands = redis as unknown as ShareCommands;
        return commands.takeShare(`${prefix}:${name}:${key}`, want, limit, windowMs);
      });
      if (!answer) return undefined;
      const [granted, used, remainingMs] = answer;
      return { granted, used, remainingMs };
    },
  };
}
