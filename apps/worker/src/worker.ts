import type { WebhookPolicy } from "@robin/api";
import type { ConfigFolder } from "@robin/config-files";
import { createDb } from "@robin/db";
import { createEvents } from "@robin/events";
import { connectJobs, isConnectionError, openQueues } from "@robin/jobs";
import type { RobinClient } from "@robin/sdk";
import { ErrorCode } from "bullmq";
import type { Logger } from "pino";
import { startHealthServer } from "./health-server.ts";
import type { JobHandler } from "./handler.ts";
import { createMeters } from "./meters.ts";
import { type RunnerOptions, startRunner } from "./runner.ts";
import { watchService } from "./watch.ts";

export interface WorkerConfig {
  databaseUrl: string;
  redisUrl?: string | undefined;
  /** 0 for no health endpoint. */
  healthPort: number;
  handlers: readonly JobHandler[];
  /** Closed with the worker. */
  robin: RobinClient;
  /** Robin's configuration folder, when it is mounted. */
  configFolder?: ConfigFolder | undefined;
  /** Where alerts may be sent: public addresses only when absent. */
  webhooks?: WebhookPolicy | undefined;
  logger: Logger;
  prefix?: string;
  waitMs?: number;
  takeover?: RunnerOptions["takeover"];
  /** How often the schedules are looked after. */
  scheduleCheckMs?: number;
}

export interface RunningWorker {
  backend: "redis" | "postgresql";
  /** Ends the jobs, then the queues, then the database connections. */
  close(): Promise<void>;
}

const outdated = new Set<unknown>([
  ErrorCode.JobNotExist,
  ErrorCode.JobLockNotExist,
  ErrorCode.JobNotInState,
  ErrorCode.JobLockMismatch,
]);

/**
 * True when a job's end is already stored or is another worker's to store. That is how an outage ends for the jobs it
 * caught: the server had stored the end but could not say so, or it gave the job away.
 */
function isOutdated(error: Error): boolean {
  return "code" in error && outdated.has(error.code);
}

/** Puts the parts together. The database must be migrated. */
export async function startWorker(config: WorkerConfig): Promise<RunningWorker> {
  const {
    databaseUrl,
    redisUrl,
    healthPort,
    handlers,
    robin,
    configFolder,
    webhooks,
    logger,
    prefix,
    waitMs,
    takeover,
    scheduleCheckMs = 15_000,
  } = config;
  const db = createDb(databaseUrl);
  const connection = await connectJobs({ databaseUrl, redisUrl, prefix, waitMs });
  const events = await createEvents({ databaseUrl, redisUrl, prefix, logger });

  const database = watchService({ service: "database", ping: () => db.$queryRaw`SELECT 1`, logger });
  const onRecovery = () => void reschedule();
  const store =
    connection.kind === "redis"
      ? watchService({ service: "redis", ping: () => connection.ping(), logger, onRecovery })
      : database;
  const onError = (error: Error): void => {
    // The watch tells about a server that is away, once.
    if (isConnectionError(error)) void store.check();
    else if (isOutdated(error))
      logger.info({ reason: error.message }, "a job had been finished or taken over meanwhile");
    else logger.error({ err: error }, "job queue error");
  };

  const queues = await openQueues(
    connection,
    handlers.map(({ contract }) => contract),
    { onError },
  );
  // A Redis that lost its memory comes back without schedules, and BullMQ can lose a tick.
  const reschedule = async (): Promise<void> => {
    await queues.schedule().catch((err: unknown) => {
      logger.error({ err }, "schedules could not be renewed");
    });
  };
  await queues.schedule();
  const scheduleCheck = setInterval(() => {
    if (store.isUp()) void reschedule();
  }, scheduleCheckMs);
  const context = { db, events, robin, configFolder, webhooks, logger, now: () => new Date() };
  const meters = createMeters(queues);
  const runner = await startRunner({
    connection,
    handlers,
    context,
    onJob: meters.onJob,
    onError,
    ...(takeover && { takeover }),
  });

  let stopping = false;
  const watches = [...new Set([database, store])];
  const readiness = () => ({
    ready: !stopping && watches.every((watch) => watch.isUp()),
    services: {
      database: database.isUp() ? ("UP" as const) : ("DOWN" as const),
      queue: store.isUp() ? ("UP" as const) : ("DOWN" as const),
    },
  });
  const health = healthPort === 0 ? undefined : await startHealthServer(healthPort, readiness, meters.registry);
  const close = async (): Promise<void> => {
    stopping = true;
    clearInterval(scheduleCheck);
    const force = !(await store.check());
    for (const watch of watches) watch.stop();
    connection.stopWaiting();
    await runner.close({ force });
    await queues.close();
    await Promise.all([connection.close(), events.close()]);
    await Promise.all([robin.close(), db.$disconnect()]);
    health?.close();
    health?.closeAllConnections();
  };
  let closed: Promise<void> | undefined;
  return { backend: connection.kind, close: () => (closed ??= close()) };
}
