import type { Db } from "@robin/db";
import type { Context } from "../../context.ts";
import { rangeOf } from "../metrics/metrics-series.service.ts";
import { pointsMax, type TimeRange } from "../metrics/resolutions.ts";
import type { QueueHistoryInput, QueueHistoryOutput } from "./history.schemas.ts";
import { allDomains, sizeResolutions } from "./snapshot-sizes.ts";

const [minutes, hours] = sizeResolutions;
const daySeconds = 24 * 60 * 60;
const steps = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, daySeconds, 2 * daySeconds] as const;
/** "The last seven days" begin before what is kept for seven days by the time that the request took. */
const lateSeconds = 300;

interface Window {
  resolution: number;
  stepSeconds: number;
  from: Date;
  to: Date;
}

/** Where, and in which steps, at most `pointsMax` points of the range are read. */
export function historyWindow({ start, end }: TimeRange, now: Date): Window {
  const first = Math.max(start.getTime(), now.getTime() - hours.keptDays * daySeconds * 1000);
  const last = Math.min(end.getTime(), now.getTime() + 1000);
  const isRecent = now.getTime() - first <= (minutes.keptDays * daySeconds + lateSeconds) * 1000;
  const stepSecondsMin = Math.max(isRecent ? minutes.seconds : hours.seconds, (last - first) / 1000 / pointsMax);
  const stepSeconds = steps.find((step) => step >= stepSecondsMin) ?? 2 * daySeconds;
  const stepMs = stepSeconds * 1000;
  return {
    resolution: isRecent ? minutes.seconds : hours.seconds,
    stepSeconds,
    from: new Date(Math.ceil(first / stepMs) * stepMs),
    to: new Date(last),
  };
}

interface Step {
  timestamp: Date;
  ready: number;
  claimed: number;
  dead: number;
  arrivals: number;
  departures: number;
  retries: number;
}

/** One row for each step that has any, the oldest first: the last sizes, and the sums of what happened. */
function readSteps(db: Db, domain: string, { resolution, stepSeconds, from, to }: Window): Promise<Step[]> {
  return db.$queryRaw<Step[]>`
    SELECT date_bin(make_interval(secs => ${stepSeconds}), at, 'epoch') AS timestamp,
      (array_agg(ready ORDER BY at DESC))[1] AS ready, (array_agg(claimed ORDER BY at DESC))[1] AS claimed,
      (array_agg(dead ORDER BY at DESC))[1] AS dead, sum(arrivals)::int AS arrivals,
      sum(departures)::int AS departures, sum(retries)::int AS retries
    FROM gateway_queue_sizes
    WHERE domain = ${domain} AND resolution_seconds = ${resolution} AND at >= ${from} AND at < ${to}
    GROUP BY 1 ORDER BY 1`;
}

/** From our record; Robin is not asked. */
export async function queueHistory({ deps }: Context, input: QueueHistoryInput): Promise<QueueHistoryOutput> {
  const { db, clock } = deps;
  const now = clock.now();
  const range = rangeOf(input, now);
  const window = historyWindow(range, now);
  const domain = input.domain?.toLowerCase();
  const looked = await readSteps(db, allDomains, window);
  return {
    startTime: range.start,
    endTime: range.end,
    interval: window.stepSeconds,
    ...(domain !== undefined && { domain }),
    points: domain === undefined ? looked : await pointsOfDomain(db, domain, window, looked),
  };
}

/** A domain has rows only when something changes, so its sizes stay from one to the next while somebody looked. */
async function pointsOfDomain(db: Db, domain: string, window: Window, looked: readonly Step[]): Promise<Step[]> {
  const changed = new Map((await readSteps(db, domain, window)).map((step) => [step.timestamp.getTime(), step]));
  const former = await db.queueSize.findFirst({
    where: { domain, resolution: window.resolution, at: { lt: window.from } },
    orderBy: { at: "desc" },
    select: { ready: true, claimed: true, dead: true },
  });
  let sizes = former ?? { ready: 0, claimed: 0, dead: 0 };
  return looked.map(({ timestamp }) => {
    const step = changed.get(timestamp.getTime());
    if (step) sizes = { ready: step.ready, claimed: step.claimed, dead: step.dead };
    return { timestamp, arrivals: 0, departures: 0, retries: 0, ...step, ...sizes };
  });
}
