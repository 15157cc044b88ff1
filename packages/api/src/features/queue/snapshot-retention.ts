import type { Db } from "@robin/db";
import { allDomains, sizeResolutions } from "./snapshot-sizes.ts";

export interface RetentionOptions {
  now: Date;
  signal: AbortSignal;
  itemDays: number;
  deltaMinutes: number;
  deltasMax: number;
  batchSize: number;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** Deletes in batches until a batch is not full, and returns how many rows it were. */
async function inBatches(
  { signal, batchSize }: RetentionOptions,
  deleteBatch: (batchSize: number) => Promise<number>,
): Promise<number> {
  let total = 0;
  for (let batch = batchSize; batch === batchSize && !signal.aborted; total += batch) {
    batch = await deleteBatch(batchSize);
  }
  return total;
}

/** Forgets what was kept for long enough. May run any number of times. */
export async function cleanUpQueueRecord(db: Db, options: RetentionOptions) {
  const { now, itemDays, deltaMinutes, deltasMax } = options;
  const ago = (ms: number): Date => new Date(now.getTime() - ms);
  const deltas = await inBatches(
    options,
    (batchSize) => db.$executeRaw`
      DELETE FROM gateway_queue_deltas WHERE seq IN (
        SELECT seq FROM gateway_queue_deltas
        WHERE at < ${ago(deltaMinutes * minuteMs)}
          OR seq <= (SELECT max(seq) FROM gateway_queue_deltas) - ${deltasMax}
        ORDER BY seq LIMIT ${batchSize})`,
  );
  const items = await inBatches(
    options,
    (batchSize) => db.$executeRaw`
      DELETE FROM gateway_queue_items WHERE uid IN (
        SELECT uid FROM gateway_queue_items WHERE left_at < ${ago(itemDays * dayMs)} LIMIT ${batchSize})`,
  );
  let sizes = 0;
  for (const { seconds, keptDays } of sizeResolutions) {
    // The last row of a domain tells how many there are until something changes.
    sizes += await inBatches(
      options,
      (batchSize) => db.$executeRaw`
        DELETE FROM gateway_queue_sizes WHERE (domain, resolution_seconds, at) IN (
          SELECT domain, resolution_seconds, at FROM gateway_queue_sizes AS size
          WHERE resolution_seconds = ${seconds} AND at < ${ago(keptDays * dayMs)} AND (domain = ${allDomains}
            OR ready + claimed + dead = 0
            OR EXISTS (SELECT FROM gateway_queue_sizes AS later WHERE later.domain = size.domain
              AND later.resolution_seconds = size.resolution_seconds AND later.at > size.at))
          LIMIT ${batchSize})`,
    );
  }
  const { count: origins } = await db.queueOrigin.deleteMany({ where: { at: { lt: ago(dayMs) } } });
  return { deltas, items, sizes, origins };
}
