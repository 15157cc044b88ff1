import type { Context } from "../../context.ts";
import { readOptions, tracedBy } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { latestReading } from "./metric-store.ts";
import { round } from "./metrics-series.service.ts";
import type { QueueStatsOutput, SystemOutput } from "./metrics.schemas.ts";
import { fromHealth, memoryPercent, readRobin, type RobinReading } from "./robin-reading.ts";
import type { EarlierReading } from "./sample.ts";

/** A sample of this age still tells of the present; they are at most a minute apart. */
const freshMs = 90_000;

/** Samples are stored under even times, which may be a little ahead. */
const earlyMs = 1000;

/** Nobody waits longer for a number that is only an extra. */
const extraTimeoutMs = 1000;

const throughputMinutes = 5;

/** How Robin and its machine are, from the newest sample; Robin is asked only when there is none. */
export async function systemStats(ctx: Context): Promise<SystemOutput> {
  const { robin } = ctx.deps;
  const { at, reading } = await present(ctx, isWholeSystem, () => readRobin(robin, () => readOptions(ctx)));
  if (!isWholeSystem(reading)) throw untold("its memory or its uptime");
  const { cpuPercent, cores, loadAverage, memoryUsedBytes, memoryMaxBytes, uptimeSeconds } = reading;
  const used = Math.min(memoryUsedBytes, memoryMaxBytes);
  return {
    timestamp: at,
    cpu: {
      ...(cpuPercent !== undefined && { usage: round(cpuPercent) }),
      ...(cores !== undefined && cores >= 1 && { cores: Math.floor(cores) }),
      ...(loadAverage !== undefined && { loadAverage: [round(loadAverage)] }),
    },
    memory: {
      total: memoryMaxBytes,
      used,
      free: memoryMaxBytes - used,
      usagePercent: round(memoryPercent(reading) ?? 0),
    },
    uptime: uptimeSeconds * 1000,
  };
}

/** What Robin's queue holds, from the newest sample, with what was retried asked now. */
export async function queueStats(ctx: Context): Promise<QueueStatsOutput> {
  const { robin } = ctx.deps;
  const ask = async () => fromHealth(await robin.health.service(readOptions(ctx)));
  const { at, reading } = await present(ctx, isWholeQueue, ask);
  if (!isWholeQueue(reading)) throw untold("its queue");
  const { queueSize, processing, failed, sentTotal } = reading;
  const [retrying, throughput] = [await countRetrying(ctx, queueSize), await sentPerMinute(ctx, sentTotal)];
  return {
    timestamp: at,
    queueSize,
    processing,
    failed,
    completed: sentTotal,
    ...(retrying !== undefined && { retrying }),
    ...(throughput !== undefined && { throughput }),
  };
}

type With<Field extends keyof RobinReading> = RobinReading & Record<Field, number>;

function isWholeSystem(reading: RobinReading): reading is With<"memoryUsedBytes" | "memoryMaxBytes" | "uptimeSeconds"> {
  const { memoryUsedBytes, memoryMaxBytes, uptimeSeconds } = reading;
  return ![memoryUsedBytes, memoryMaxBytes, uptimeSeconds].includes(undefined);
}

function isWholeQueue(reading: RobinReading): reading is With<"queueSize" | "processing" | "failed" | "sentTotal"> {
  const { queueSize, processing, failed, sentTotal } = reading;
  return ![queueSize, processing, failed, sentTotal].includes(undefined);
}

async function present(
  { deps: { db, clock } }: Context,
  isWhole: (reading: RobinReading) => boolean,
  ask: () => Promise<RobinReading>,
): Promise<EarlierReading> {
  const now = clock.now().getTime();
  const latest = await latestReading(db, new Date(now + earlyMs));
  if (latest && now - latest.at.getTime() <= freshMs && isWhole(latest.reading)) return latest;
  const reading = await ask();
  return { at: clock.now(), reading };
}

/** Robin answers the short form of its health, instead of a 401, to credentials that it does not accept. */
function untold(what: string): AppError {
  return new AppError(
    "upstream_rejected",
    `Robin does not tell about ${what}. Its administrator has to check the gateway's credentials for the service port.`,
  );
}

async function countRetrying(ctx: Context, queueSize: number): Promise<number | undefined> {
  if (queueSize === 0) return 0;
  const options = { signal: ctx.signal, timeoutMs: extraTimeoutMs, ...tracedBy(ctx.trace) };
  const page = await ctx.deps.robin.queue.list({ limit: 1, retryMin: 1 }, options).catch(() => undefined);
  return page?.total;
}

async function sentPerMinute({ deps: { db, clock } }: Context, sentTotal: number): Promise<number | undefined> {
  if (sentTotal === 0) return undefined;
  const since = new Date(clock.now().getTime() - throughputMinutes * 60_000);
  const samples = await db.metricSample.findMany({
    where: { resolution: 0, at: { gte: since }, sent: { not: null } },
    orderBy: { at: "asc" },
    select: { at: true, sent: true },
  });
  const [first, ...rest] = samples;
  const last = rest.at(-1);
  if (!first || !last) return undefined;
  // What the first one counts happened before it.
  const sent = rest.reduce((total, sample) => total + (sample.sent ?? 0), 0);
  return round((sent * 60_000) / (last.at.getTime() - first.at.getTime()));
}
