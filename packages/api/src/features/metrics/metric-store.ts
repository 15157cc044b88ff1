import { type Db, Prisma } from "@robin/db";
import { RobinReading } from "./robin-reading.ts";
import type { EarlierReading, SampleValues } from "./sample.ts";
import type { SeriesWindow } from "./resolutions.ts";

export interface StoredSample extends SampleValues {
  at: Date;
}

/** Averages of what has a level, sums of what happened; both leave out what is unknown. */
const combined = Prisma.sql`
  avg(queue_size) AS "queueSize", avg(connections) AS "connections", avg(cpu_percent) AS "cpuPercent",
  avg(memory_percent) AS "memoryPercent", sum(received) AS "received", sum(sent) AS "sent"`;

/** One row for each step in which something was sampled, the oldest first. */
export async function readSeries(db: Db, { resolution, stepSeconds, from, to }: SeriesWindow): Promise<StoredSample[]> {
  if (from >= to) return [];
  return db.$queryRaw<StoredSample[]>`
    SELECT date_bin(make_interval(secs => ${stepSeconds}), at, 'epoch') AS "at", ${combined}
    FROM gateway_metric_samples
    WHERE resolution_seconds = ${resolution} AND at >= ${from} AND at < ${to}
    GROUP BY 1 ORDER BY 1`;
}

/** The newest sample of then or before: a clock that was put back leaves samples in the future. */
export async function latestReading(db: Db, until: Date): Promise<EarlierReading | undefined> {
  const row = await db.metricSample.findFirst({
    where: { resolution: 0, at: { lte: until } },
    orderBy: { at: "desc" },
    select: { at: true, reading: true },
  });
  return row ? { at: row.at, reading: RobinReading.catch({}).parse(row.reading) } : undefined;
}

/** A sample that is there already stays as it is. */
export async function storeSample(db: Db, at: Date, reading: RobinReading, values: SampleValues): Promise<boolean> {
  const row = { resolution: 0, at, ...values, reading };
  const { count } = await db.metricSample.createMany({ data: [row], skipDuplicates: true });
  return count === 1;
}

/** Makes rows of this resolution from all samples since `from`, which begins one. Rows that are there are made anew. */
export function downSample(db: Db, { seconds, from }: { seconds: number; from: Date }): Promise<number> {
  return db.$executeRaw`
    INSERT INTO gateway_metric_samples
      (resolution_seconds, at, queue_size, connections, cpu_percent, memory_percent, received, sent)
    SELECT ${seconds}, date_bin(make_interval(secs => ${seconds}), at, 'epoch'), ${combined}
    FROM gateway_metric_samples
    WHERE resolution_seconds = 0 AND at >= ${from}
    GROUP BY 2 ORDER BY 2
    ON CONFLICT (resolution_seconds, at) DO UPDATE SET
      queue_size = excluded.queue_size, connections = excluded.connections, cpu_percent = excluded.cpu_percent,
      memory_percent = excluded.memory_percent, received = excluded.received, sent = excluded.sent`;
}

/** Deletes rows of before `cutoff`, the oldest first and at most `batchSize`, and returns how many there were. */
export function deleteSamples(
  db: Db,
  { resolution, cutoff, batchSize }: { resolution: number; cutoff: Date; batchSize: number },
): Promise<number> {
  return db.$executeRaw`
    DELETE FROM gateway_metric_samples WHERE resolution_seconds = ${resolution} AND at IN (
      SELECT at FROM gateway_metric_samples
      WHERE resolution_seconds = ${resolution} AND at < ${cutoff} ORDER BY at LIMIT ${batchSize})`;
}
