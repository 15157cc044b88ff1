import { Queue, Worker } from "bullmq";
import { Redis, type RedisOptions } from "ioredis";
import type { JobsConnection } from "./connection.ts";
import { waitUntilUp } from "./wait-until-up.ts";

const retryStrategy = (times: number): number => Math.min(times * 200, 5000);

const producerOptions = {
  retryStrategy,
  connectTimeout: 5000,
  commandTimeout: 5000,
  // A call fails at once while Redis is away, instead of waiting in a line.
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
} satisfies RedisOptions;

const workerOptions = {
  retryStrategy,
  connectTimeout: 5000,
  // BullMQ asks for it: a blocking read waits for as long as Redis is away.
  maxRetriesPerRequest: null,
} satisfies RedisOptions;

async function untilReachable(url: string, waitMs: number): Promise<void> {
  const attempt = async () => {
    let reason: Error | undefined;
    const probe = new Redis(url, { lazyConnect: true, connectTimeout: 5000, retryStrategy: () => null });
    // The rejection only says that the connection was closed; the event says why.
    probe.on("error", (error: Error) => (reason = error));
    try {
      await probe.connect();
      await probe.ping();
    } catch (error) {
      throw reason ?? error;
    } finally {
      probe.disconnect();
    }
  };
  await waitUntilUp(attempt, { service: "Redis", url, waitMs });
}

/** A client whose trouble is told by the queues and workers that use it, and by `ping`. */
function createClient(url: string, options: typeof producerOptions | typeof workerOptions): Redis {
  return new Redis(url, options).on("error", () => undefined);
}

async function untilReady(client: Redis): Promise<void> {
  if (client.status === "ready") return;
  await new Promise<void>((resolve) => client.once("ready", resolve));
}

export async function connectToRedis(config: { url: string; prefix: string; waitMs: number }): Promise<JobsConnection> {
  const { url, prefix, waitMs } = config;
  await untilReachable(url, waitMs);
  const producer = createClient(url, producerOptions);
  const consumer = createClient(url, workerOptions);
  await Promise.all([untilReady(producer), untilReady(consumer)]);
  return {
    kind: "redis",
    createQueue: (name) => new Queue(name, { connection: producer, prefix, skipWaitingForReady: true }),
    createWorker: (name, processor, options) =>
      new Worker(name, processor, { ...options, connection: consumer, prefix }),
    ping: async () => {
      await producer.ping();
    },
    stopWaiting: () => undefined,
    close: () => {
      producer.disconnect();
      consumer.disconnect();
      return Promise.resolve();
    },
  };
}
