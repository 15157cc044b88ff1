import type { Db } from "@robin/db";

const dayMs = 24 * 60 * 60 * 1000;

/** Deletes what ended longer ago than that. What still runs, fires or waits stays. */
export async function cleanUpRecords(
  db: Db,
  { now, runDays, alertDays }: { now: Date; runDays: number; alertDays: number },
): Promise<{ runs: number; deliveries: number; alerts: number }> {
  const before = (days: number) => ({ lt: new Date(now.getTime() - days * dayMs) });
  const runs = await db.queueBulkRun.deleteMany({ where: { finishedAt: before(runDays) } });
  const deliveries = await db.alertDelivery.deleteMany({
    where: { status: { not: "PENDING" }, nextAttemptAt: before(runDays) },
  });
  const alerts = await db.alert.deleteMany({ where: { clearedAt: before(alertDays) } });
  return { runs: runs.count, deliveries: deliveries.count, alerts: alerts.count };
}
