import type { Job, Processor, Queue, Worker, WorkerOptions } from "bullmq";
import { connectToPostgres } from "./postgres-connection.ts";
import { connectToRedis } from "./redis-connection.ts";

/** What is used of BullMQ's queue: the part that both servers offer alike. */
export interface BackendQueue extends Pick<
  Queue,
  | "add"
  | "close"
  | "getJobCounts"
  | "getJobs"
  | "getJobScheduler"
  | "removeJobScheduler"
  | "setGlobalConcurrency"
  | "upsertJobScheduler"
  | "waitUntilReady"
> {
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** What is used of BullMQ's worker. */
export interface BackendWorker extends Pick<Worker, "close" | "waitUntilReady"> {
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "completed", listener: (job: Job, result: unknown) => void): unknown;
  on(event: "failed", listener: (job: Job | undefined, error: Error) => void): unknown;
  on(event: "stalled", listener: (jobId: string) => void): unknown;
}

export type BackendWorkerOptions = Pick<WorkerOptions, "concurrency" | "lockDuration" | "stalledInterval">;

/**
 * Where the jobs are kept. Two connections on purpose: the producer's fails fast, because a caller waits for it; the
 * workers' waits for a server that is away, because nobody does.
 */
export interface JobsConnection {
  readonly kind: "redis" | "postgresql";
  createQueue(name: string): BackendQueue;
  createWorker(name: string, processor: Processor, options: BackendWorkerOptions): BackendWorker;
  /** Rejects when the server does not answer. */
  ping(): Promise<void>;
  /** From now on a worker's call fails instead of waiting, so that workers can be closed while the server is away. */
  stopWaiting(): void;
  /** Close the queues and workers first. */
  close(): Promise<void>;
}

export interface JobsConnectionConfig {
  databaseUrl: string;
  /** Jobs are kept in PostgreSQL when absent. */
  redisUrl?: string | undefined;
  /** Of Redis' keys; PostgreSQL has the schema `bullmq` instead. */
  prefix?: string | undefined;
  /** How long to wait for a server that is still starting up. */
  waitMs?: number | undefined;
}

/** @throws JobsUnavailableError, one sentence, when the server does not come up in time. */
export function connectJobs(config: JobsConnectionConfig): Promise<JobsConnection> {
  const { databaseUrl, redisUrl, prefix = "robin", waitMs = 30_000 } = config;
  return redisUrl ? connectToRedis({ url: redisUrl, prefix, waitMs }) : connectToPostgres({ url: databaseUrl, waitMs });
}
