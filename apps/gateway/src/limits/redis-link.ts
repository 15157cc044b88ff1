import type { Logger } from "@robin/api";
import { Redis } from "ioredis";

/** A Redis that must never keep a request waiting: whoever asks gets an answer soon, or does without. */
export interface RedisLink {
  /** False while Redis does not answer. */
  usable(): boolean;
  /** Undefined when there is no answer in time. After that nobody asks before Redis has answered a ping. */
  run<Answer>(ask: (redis: Redis) => Promise<Answer>): Promise<Answer | undefined>;
  close(): Promise<void>;
}

interface RedisLinkConfig {
  url: string;
  logger: Logger;
  /** Milliseconds that a request waits for an answer. */
  answerWithinMs?: number;
  /** Milliseconds between two pings while Redis is away. */
  pingEveryMs?: number;
}

export function createRedisLink(config: RedisLinkConfig): RedisLink {
  const { url, logger, answerWithinMs = 100, pingEveryMs = 500 } = config;
  const redis = new Redis(url, {
    connectTimeout: 2000,
    commandTimeout: answerWithinMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(times * 100, 1000),
  });
  let away = true;
  let isTold = false;
  // Later ones are told of with the command that failed.
  redis.on("error", (err) => {
    if (away) tell(err);
  });
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  redis.on("ready", () => {
    if (away) comeBack();
  });

  function tell(err: unknown): void {
    if (isTold) return;
    isTold = true;
    logger.warn({ err }, "Redis does not answer: each process counts limits for itself");
  }

  function comeBack(): void {
    away = false;
    isTold = false;
    clearTimeout(timer);
    timer = undefined;
    logger.info({}, "limits are counted in Redis");
  }

  function leave(err: unknown): void {
    if (away || closed) return;
    away = true;
    tell(err);
    timer = setTimeout(ping, pingEveryMs);
  }

  function ping(): void {
    redis.ping().then(comeBack, () => {
      if (closed) return;
      // Commands without an answer would pile up on a connection that only seems to be there.
      if (redis.status === "ready") redis.disconnect(true);
      timer = setTimeout(ping, pingEveryMs);
    });
  }

  return {
    usable: () => !away,

    async run(ask) {
      if (away) return undefined;
      try {
        return await ask(redis);
      } catch (error) {
        leave(error);
        return undefined;
      }
    },

    close() {
      closed = true;
      away = true;
      clearTimeout(timer);
      redis.disconnect();
      return Promise.resolve();
    },
  };
}
