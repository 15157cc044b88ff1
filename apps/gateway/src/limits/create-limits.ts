import type { Clock, Logger } from "@robin/api";
import { createLimiter, type LimitConfig, type Limiter } from "./limiter.ts";
import { createRedisLink } from "./redis-link.ts";
import { createRedisWindows } from "./redis-windows.ts";

export interface Limits {
  limiter: Limiter;
  close(): Promise<void>;
}

interface LimitsParts {
  /** Each process counts for itself without one. */
  redisUrl: string | undefined;
  logger: Logger;
  onExceeded: (limit: string) => void;
  /** Instead of the process' own; for tests. */
  clock?: Clock;
}

export function createLimits(config: LimitConfig, { redisUrl, logger, onExceeded, clock }: LimitsParts): Limits {
  const link = redisUrl === undefined ? undefined : createRedisLink({ url: redisUrl, logger });
  const store = link && createRedisWindows(link);
  const now = clock ? () => clock.now().getTime() : () => performance.now();
  return {
    limiter: createLimiter(config, { now, store, onExceeded }),
    async close() {
      await link?.close();
    },
  };
}
