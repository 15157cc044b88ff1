import { memoryPercent, type RobinReading } from "./robin-reading.ts";

export interface EarlierReading {
  at: Date;
  reading: RobinReading;
}

/** The values of a row of samples; null where nobody knows. */
export interface SampleValues {
  queueSize: number | null;
  connections: number | null;
  cpuPercent: number | null;
  memoryPercent: number | null;
  received: number | null;
  sent: number | null;
}

interface SampleTime {
  at: Date;
  /** What happened in a longer time than this belongs to no sample: it would look like a burst. */
  gapMsMax: number;
}

export function toSample(
  reading: RobinReading,
  earlier: EarlierReading | undefined,
  { at, gapMsMax }: SampleTime,
): SampleValues {
  const before = earlier && at.getTime() - earlier.at.getTime() <= gapMsMax ? earlier.reading : undefined;
  const increase = (counter: "receivedTotal" | "sentTotal") => increaseOf(counter, { reading, before, gapMsMax });
  return {
    queueSize: reading.queueSize ?? null,
    connections: reading.connections ?? null,
    cpuPercent: reading.cpuPercent ?? null,
    memoryPercent: memoryPercent(reading) ?? null,
    received: increase("receivedTotal"),
    sent: increase("sentTotal"),
  };
}

function increaseOf(
  counter: "receivedTotal" | "sentTotal",
  { reading, before, gapMsMax }: { reading: RobinReading; before: RobinReading | undefined; gapMsMax: number },
): number | null {
  const now = reading[counter];
  if (now === undefined) return null;
  const { uptimeSeconds } = reading;
  // Of a Robin that has just started, everything is new.
  if (!before) return uptimeSeconds !== undefined && uptimeSeconds * 1000 <= gapMsMax ? now : null;
  const then = before[counter];
  const restarted = uptimeSeconds !== undefined && uptimeSeconds < (before.uptimeSeconds ?? 0);
  if (restarted) return now;
  if (then === undefined) return null;
  return now < then ? now : now - then;
}
