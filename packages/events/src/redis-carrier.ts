import { Redis, type RedisOptions } from "ioredis";
import { backOffMs, connectionName, keepChecking, type OpenCarrier, usualPatience } from "./carrier.ts";

const commonOptions = {
  connectionName,
  retryStrategy: backOffMs,
  keepAlive: 10_000,
  // For a goodbye that may not come.
  disconnectTimeout: 100,
  // A message is sent now or not at all, and never twice.
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  // Done here, to know when it is done.
  autoResubscribe: false,
} satisfies RedisOptions;

/** Pub/sub, on two connections: one that listens can do nothing else. */
export function redisCarrier(
  { url, prefix }: { url: string; prefix: string },
  { checkEveryMs, answerWithinMs } = usualPatience,
): OpenCarrier {
  const channel = `${prefix}:events`;
  const options = { ...commonOptions, connectTimeout: answerWithinMs, commandTimeout: answerWithinMs };
  return ({ onMessage, onListening, onAway }) => {
    const sender = new Redis(url, options).on("error", () => undefined);
    const listener = new Redis(url, options);
    let reason: Error | undefined;
    let checking = new AbortController();
    const breakOff = (error: unknown): void => {
      reason = error as Error;
      listener.disconnect(true);
    };
    const begin = async (): Promise<void> => {
      try {
        await listener.subscribe(channel);
        reason = undefined;
        onListening();
        checking = new AbortController();
        breakOff(await keepChecking(() => listener.ping(), { everyMs: checkEveryMs, signal: checking.signal }));
      } catch (error) {
        breakOff(error);
      }
    };
    listener
      .on("ready", () => void begin())
      .on("message", (_channel, text: string) => {
        onMessage(text);
      })
      .on("error", (error: Error) => (reason = error))
      .on("close", () => {
        checking.abort();
        onAway(reason ?? new Error("Redis has ended the connection"));
      });
    return {
      async send(text) {
        await sender.publish(channel, text);
      },
      close() {
        checking.abort();
        listener.removeAllListeners("close").disconnect();
        sender.disconnect();
        return Promise.resolve();
      },
    };
  };
}
