const daySeconds = 24 * 60 * 60;

/** How finely samples are kept, and for how long. 0 is as they were sampled. */
export const resolutions = [
  { seconds: 0, keptSeconds: daySeconds },
  { seconds: 60, keptSeconds: 7 * daySeconds },
  { seconds: 300, keptSeconds: 30 * daySeconds },
  { seconds: 3600, keptSeconds: 366 * daySeconds },
] as const;
export type Resolution = (typeof resolutions)[number];

/** Times between two samples that go into the steps below, or those into them: neighbouring steps have equally many. */
export const sampleSecondsAllowed = [1, 3, 5, 15, 30, 60] as const;

/**
 * Rows are deleted this much later than they need be, so that nothing is summed up from half of its samples, and "the
 * last 24 hours" are there to their end.
 */
export const marginSeconds = 3600;

export const pointsMax = 300;

/** Each is a multiple of the resolution that it is read from. The longest makes few enough points of all that is kept. */
const steps = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, daySeconds] as const;
const longestStep = 2 * daySeconds;

/** "The last 24 hours" begin before what is kept for a day by the time that the request took. */
const lateSeconds = 300;

export interface TimeRange {
  start: Date;
  end: Date;
}

export interface SeriesWindow {
  resolution: number;
  /** Time between two points. */
  stepSeconds: number;
  /** A point stands for the step from its time on, so the first one may be a little after the start. */
  from: Date;
  to: Date;
}

/** The finest resolution that reaches back to `start`. */
export function finestResolution(start: Date, now: Date): Resolution {
  const ageSeconds = (now.getTime() - start.getTime()) / 1000;
  return resolutions.find(({ keptSeconds }) => ageSeconds <= keptSeconds + lateSeconds) ?? resolutions[3];
}

/** From where, and in which steps, to read at most `pointsMax` points of a range, however long it is. */
export function seriesWindow({ start, end }: TimeRange, now: Date): SeriesWindow {
  // Of more than there can be, nothing would be left but a few long steps.
  const first = Math.max(start.getTime(), now.getTime() - (resolutions[3].keptSeconds + marginSeconds) * 1000);
  const last = Math.min(end.getTime(), now.getTime() + 1000);
  const stepSecondsMin = Math.max(finestResolution(start, now).seconds, (last - first) / 1000 / pointsMax);
  const stepSeconds = steps.find((step) => step >= stepSecondsMin) ?? longestStep;
  const stepMs = stepSeconds * 1000;
  return {
    resolution: resolutions.findLast(({ seconds }) => seconds <= stepSeconds)?.seconds ?? 0,
    stepSeconds,
    from: new Date(Math.ceil(first / stepMs) * stepMs),
    to: new Date(last),
  };
}
