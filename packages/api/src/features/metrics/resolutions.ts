const daySeconds = 24 * 60 * 60;

/** How finely samples are kept, and for how long. 0 is as they were sampled. */
export const resolutions = [
  { seconds: 0, keptSeconds: daySeconds },
  { seconds: 60, keptSeconds: 7 * daySeconds },
  { seconds: 300, keptSeconds: 30 * daySeconds },
  { seconds: 3600, keptSeconds: 366 * daySeconds },
] as const;
export type Resolution = (typeof resolutions)[number];

/** Samples are taken this far apart at most; the time between two samples must fit into each step below, or it into that. */
export const sampleSecondsAllowed = [1, 3, 5, 15, 30, 60] as const;

export const pointsMax = 300;

/** Each is a multiple of the resolution that it is read from. Longer ones are whole days. */
const steps = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, daySeconds];

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
  const rangeSeconds = (end.getTime() - start.getTime()) / 1000;
  const stepSecondsMin = Math.max(finestResolution(start, now).seconds, rangeSeconds / pointsMax);
  const stepSeconds =
    steps.find((step) => step >= stepSecondsMin) ?? Math.ceil(stepSecondsMin / daySeconds) * daySeconds;
  const stepMs = stepSeconds * 1000;
  return {
    resolution: resolutions.findLast(({ seconds }) => seconds <= stepSeconds)?.seconds ?? 0,
    stepSeconds,
    from: new Date(Math.ceil(start.getTime() / stepMs) * stepMs),
    to: end,
  };
}
