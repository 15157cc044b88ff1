import { z } from "zod";
import { fromEpochSeconds } from "../dates.ts";

/** Tells only that the HTTP thread of the client API is free; see `GET /health` of the service for more. */
export const ClientHealth = z.object({ status: z.string() });
export type ClientHealth = z.infer<typeof ClientHealth>;

const number = z.number().exactOptional();

const ThreadPool = z.object({
  core: number,
  max: number,
  size: number,
  largest: number,
  active: number,
  queue: number,
  taskCount: number,
  completed: number,
  keepAliveSeconds: number,
});

const Listener = z.object({ port: z.int(), threadPool: ThreadPool.exactOptional() });

const Queue = z
  .object({
    size: z.int(),
    ready: z.int(),
    claimed: z.int(),
    /** Drifts upwards on Robin's MapDB backend: revived items stay counted. */
    dead: z.int(),
    oldestReadyAtEpochSeconds: number,
    oldestClaimedAtEpochSeconds: number,
    reschedules: z.int().default(0),
  })
  .transform(({ oldestReadyAtEpochSeconds, oldestClaimedAtEpochSeconds, ...counts }) =>
    compact({
      ...counts,
      oldestReadyAt: fromEpochSeconds(oldestReadyAtEpochSeconds),
      oldestClaimedAt: fromEpochSeconds(oldestClaimedAtEpochSeconds),
    }),
  );

const SchedulerConfig = z.object({ totalRetries: number, firstWaitMinutes: number, growthFactor: number });

const SchedulerService = z
  .object({
    startDelaySeconds: number,
    housekeepingIntervalSeconds: number,
    workerThreads: number,
    maxInFlight: number,
    dispatchIdleMinMillis: number,
    dispatchIdleMaxMillis: number,
    currentDispatchIdleMillis: number,
    outcomeBatchSize: number,
    outcomeFlushMillis: number,
    currentOutcomeQueueDepth: number,
    currentInFlight: number,
    lastMutationBatchSize: number,
    lastMutationCommitDurationMillis: number,
    lastDispatchEpochSeconds: number,
    lastHousekeepingEpochSeconds: number,
    nextHousekeepingEpochSeconds: number,
  })
  .transform((wire) =>
    compact({
      startDelaySeconds: wire.startDelaySeconds,
      housekeepingIntervalSeconds: wire.housekeepingIntervalSeconds,
      workerThreads: wire.workerThreads,
      maxInFlight: wire.maxInFlight,
      dispatchIdleMinMs: wire.dispatchIdleMinMillis,
      dispatchIdleMaxMs: wire.dispatchIdleMaxMillis,
      currentDispatchIdleMs: wire.currentDispatchIdleMillis,
      outcomeBatchSize: wire.outcomeBatchSize,
      outcomeFlushMs: wire.outcomeFlushMillis,
      currentOutcomeQueueDepth: wire.currentOutcomeQueueDepth,
      currentInFlight: wire.currentInFlight,
      lastMutationBatchSize: wire.lastMutationBatchSize,
      lastMutationCommitMs: wire.lastMutationCommitDurationMillis,
      lastDispatchAt: fromEpochSeconds(wire.lastDispatchEpochSeconds),
      lastHousekeepingAt: fromEpochSeconds(wire.lastHousekeepingEpochSeconds),
      nextHousekeepingAt: fromEpochSeconds(wire.nextHousekeepingEpochSeconds),
    }),
  );

const Scheduler = z.object({ config: SchedulerConfig.exactOptional(), service: SchedulerService.exactOptional() });

const MetricsCron = z
  .object({ intervalSeconds: number, lastExecutionEpochSeconds: number, nextExecutionEpochSeconds: number })
  .transform((wire) =>
    compact({
      intervalSeconds: wire.intervalSeconds,
      lastExecutionAt: fromEpochSeconds(wire.lastExecutionEpochSeconds),
      nextExecutionAt: fromEpochSeconds(wire.nextExecutionEpochSeconds),
    }),
  );

const BotPool = z.object({
  enabled: z.boolean(),
  type: z.string().exactOptional(),
  poolSize: number,
  activeThreads: number,
  queueSize: number,
  taskCount: number,
  completedTaskCount: number,
});

const LmtpPool = z.object({
  enabled: z.boolean(),
  maxSize: number,
  total: number,
  idle: number,
  borrowed: number,
  borrowTimeouts: number,
  invalidations: number,
  resetFailures: number,
  transactionFailures: number,
  connectionFailures: number,
  deliverySuccesses: number,
  maxMessagesPerConnection: number,
  retiredByMessageLimit: number,
});

/**
 * Health of the service port. Everything after `uptime` is absent when Robin gave the short form, which it gives
 * without (or with wrong) credentials instead of a 401.
 */
export const ServiceHealth = z
  .object({
    status: z.string(),
    /** As printed: `0d 0h 5m 32s`. */
    uptime: z.string(),
    listeners: z.array(Listener).exactOptional(),
    queue: Queue.exactOptional(),
    scheduler: Scheduler.exactOptional(),
    metricsCron: MetricsCron.exactOptional(),
    botPool: BotPool.exactOptional(),
    lmtpPool: LmtpPool.exactOptional(),
  })
  .transform((wire) => compact({ ...wire, uptimeSeconds: uptimeSeconds(wire.uptime) }));
export type ServiceHealth = z.infer<typeof ServiceHealth>;

function uptimeSeconds(text: string): number | undefined {
  const match = /^(\d+)d (\d+)h (\d+)m (\d+)s$/.exec(text);
  if (!match) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number);
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

type Compact<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out what is undefined: in our shapes a missing value is an absent key. */
function compact<T extends object>(value: T): { [K in keyof Compact<T>]: Compact<T>[K] } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Compact<T>;
}
