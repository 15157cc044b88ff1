import { type Clock, type Logger, type LoginGuard, systemClock } from "@robin/api";
import { createLimiter, type LimitConfig, type Limiter } from "./limiter.ts";
import { createLoginGuard, type LoginLimitConfig } from "./login-guard.ts";
import { createLoginRecord } from "./login-record.ts";
import { createRedisLink } from "./redis-link.ts";
import { createRedisWindows } from "./redis-windows.ts";

export interface Limits {
  limiter: Limiter;
  loginGuard: LoginGuard;
  close(): Promise<void>;
}

export type LimitsConfig = LimitConfig & LoginLimitConfig;

interface LimitsParts {
  /** Each process counts for itself without one. */
  redisUrl: string | undefined;
  logger: Logger;
  onExceeded: (limit: string) => void;
  /** Instead of the process' own; for tests. */
  clock?: Clock;
  /** Of the keys in Redis. */
  prefix?: string;
}

export function createLimits(config: LimitsConfig, parts: LimitsParts): Limits {
  const { redisUrl, logger, onExceeded, clock, prefix = "robin" } = parts;
  const link = redisUrl === undefined ? undefined : createRedisLink({ url: redisUrl, logger });
  const store = link && createRedisWindows(link, `${prefix}:limit`);
  const now = clock ? () => clock.now().getTime() : () => performance.now();
  const wallClock = clock ?? systemClock;
  const record = createLoginRecord(wallClock, link, `${prefix}:login`);
  return {
    limiter: createLimiter(config, { now, store, onExceeded }),
    loginGuard: createLoginGuard(config, { clock: wallClock, now, record, store, onExceeded }),
    async close() {
      await link?.close();
    },
  };
}
