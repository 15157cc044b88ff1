import type { Db, MetricSample } from "@robin/db";

type Values = Partial<Omit<MetricSample, "at" | "reading">> & { reading?: object };

/** Stores a sample, of Robin itself unless the values name another resolution. */
export async function storeSample(db: Db, at: Date | string, values: Values = {}): Promise<void> {
  await db.metricSample.create({ data: { resolution: 0, at: new Date(at), ...values } });
}

const yearSeconds = 366 * 24 * 60 * 60;

/** What a year of samples every 15 seconds leaves, all of it up to `now`. */
export async function storeYear(db: Db, now: Date): Promise<void> {
  for (const [resolution, stepSeconds, keptSeconds] of [
    [0, 15, 25 * 3600],
    [60, 60, 7 * 86_400 + 3600],
    [300, 300, 30 * 86_400 + 3600],
    [3600, 3600, yearSeconds + 3600],
  ] as const) {
    await db.$executeRaw`
      INSERT INTO gateway_metric_samples
        (resolution_seconds, at, queue_size, connections, cpu_percent, memory_percent, received, sent, reading)
      SELECT ${resolution}, at, 7, 3, 12.5, 41.2, ${stepSeconds}::float8 / 15, 0,
        CASE WHEN ${resolution} = 0 THEN '{"uptimeSeconds":1000,"receivedTotal":123456,"memoryUsedBytes":442499072}'::jsonb END
      FROM generate_series(
        date_bin(make_interval(secs => ${stepSeconds}), ${now}::timestamptz - make_interval(secs => ${keptSeconds}), 'epoch'),
        ${now}::timestamptz, make_interval(secs => ${stepSeconds})) AS at`;
  }
  await db.$executeRaw`ANALYZE gateway_metric_samples`;
}
