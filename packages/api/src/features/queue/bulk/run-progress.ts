import { type Db, Prisma, type QueueBulkRun, type QueueItemState } from "@robin/db";
import { problemsMax } from "./bulk.schemas.ts";

export interface ClaimedItem {
  position: number;
  uid: string;
  /** The worker that watches the queue has seen it leave. */
  hasLeft: boolean;
  state: QueueItemState | null;
}

export interface Skipped {
  items: readonly ClaimedItem[];
  status: "MISSING" | "FAILED";
  reason: string;
}

/** The run to work on, the one that was begun first, under this worker's name; `isAnew` when it had another. */
export async function takeOver(
  db: Db,
  worker: string,
  now: Date,
): Promise<(QueueBulkRun & { isAnew: boolean }) | undefined> {
  const begun = { status: { in: ["RUNNING", "CANCELLING"] } } satisfies Prisma.QueueBulkRunWhereInput;
  const orderBy = { createdAt: "asc" } as const;
  const found =
    (await db.queueBulkRun.findFirst({ where: begun, orderBy })) ??
    (await db.queueBulkRun.findFirst({ where: { status: "QUEUED" }, orderBy }));
  if (!found) return undefined;
  const { id, status } = found;
  const started = status === "QUEUED" && { status: "RUNNING" as const, startedAt: now };
  const { count } = await db.queueBulkRun.updateMany({ where: { id, status }, data: { worker, ...started } });
  // Cancelled or deleted in this moment.
  if (count === 0) return takeOver(db, worker, now);
  return { ...found, ...started, worker, isAnew: found.worker !== worker };
}

/**
 * The next items, marked as asked for before anybody asks: what a worker that dies leaves behind can be told from what
 * is still ahead. None for a worker that has lost the run.
 */
export function claimBatch(
  db: Db,
  { id, worker, carefulUntil }: QueueBulkRun,
  { batchSize, careful }: { batchSize: number; careful: boolean },
): Promise<ClaimedItem[]> {
  const limit = careful ? 1 : batchSize;
  const until = careful ? Prisma.sql`AND position <= ${carefulUntil}` : Prisma.empty;
  return db.$queryRaw<ClaimedItem[]>`
    WITH mine AS (
      SELECT 1 FROM gateway_queue_bulk_runs
      WHERE id = ${id}::uuid AND worker = ${worker}::uuid AND status = 'RUNNING' FOR UPDATE),
    batch AS (
      UPDATE gateway_queue_bulk_items SET status = 'ASKED'
      WHERE run_id = ${id}::uuid AND position IN (
        SELECT position FROM gateway_queue_bulk_items
        WHERE run_id = ${id}::uuid AND status = 'PENDING' ${until}
        ORDER BY position LIMIT ${limit})
      AND EXISTS (SELECT 1 FROM mine)
      RETURNING position, uid)
    SELECT position, uid, item.uid IS NULL OR item.left_at IS NOT NULL AS "hasLeft", item.state::text AS state
    FROM batch LEFT JOIN gateway_queue_items item USING (uid) ORDER BY position`;
}

interface Settlement {
  /** What Robin was asked for; it found `found` of them. */
  done?: readonly ClaimedItem[];
  found?: number;
  skipped: readonly Skipped[];
}

/** Writes down what became of a batch. Nothing happens for a worker that has lost the run. */
export async function settle(
  db: Db,
  { id, worker, missing, failed }: QueueBulkRun,
  { done = [], found = 0, skipped }: Settlement,
): Promise<void> {
  const countOf = (status: Skipped["status"]) =>
    skipped.reduce((sum, group) => sum + (group.status === status ? group.items.length : 0), 0);
  // A uid listed once is counted once, but nobody else's count is believed without a look.
  const doneCount = Math.min(found, done.length);
  await db.$transaction(async (tx) => {
    const { count } = await tx.queueBulkRun.updateMany({
      where: { id, worker },
      data: {
        done: { increment: doneCount },
        missing: { increment: countOf("MISSING") + done.length - doneCount },
        failed: { increment: countOf("FAILED") },
        tries: 0,
        problem: null,
      },
    });
    if (count === 0) return;
    const isFull = missing + failed >= problemsMax;
    const named = isFull ? [] : skipped.filter(({ items }) => items.length > 0);
    for (const { items, status, reason } of named) {
      const position = { in: items.map((item) => item.position) };
      await tx.queueBulkItem.updateMany({ where: { runId: id, position }, data: { status, reason } });
    }
    await tx.queueBulkItem.deleteMany({ where: { runId: id, status: "ASKED" } });
  });
}

/** Puts a batch back: it was not done, or may be done once more without harm. */
export async function release(
  db: Db,
  { id, worker }: QueueBulkRun,
  batch: readonly ClaimedItem[],
  data: Prisma.QueueBulkRunUpdateManyMutationInput,
): Promise<void> {
  await db.$transaction(async (tx) => {
    const { count } = await tx.queueBulkRun.updateMany({ where: { id, worker }, data: { tries: 0, ...data } });
    if (count === 0) return;
    const position = { in: batch.map((item) => item.position) };
    await tx.queueBulkItem.updateMany({ where: { runId: id, position }, data: { status: "PENDING" } });
  });
}

/** What another worker had asked for: failed for this reason, or ahead again without one. */
export async function forgetAsked(db: Db, { id }: QueueBulkRun, reason: string | undefined): Promise<number> {
  return db.$transaction(async (tx) => {
    const where = { runId: id, status: "ASKED" as const };
    const data = reason === undefined ? { status: "PENDING" as const } : { status: "FAILED" as const, reason };
    const { count } = await tx.queueBulkItem.updateMany({ where, data });
    if (count > 0 && reason !== undefined) {
      await tx.queueBulkRun.update({ where: { id }, data: { failed: { increment: count } } });
    }
    return count;
  });
}

/** False when there is something left to do after all, or the run is another worker's. */
export async function endRun(
  db: Db,
  { id, worker, carefulUntil }: QueueBulkRun,
  { status, at, problem = null }: { status: "DONE" | "CANCELLED" | "FAILED"; at: Date; problem?: string | null },
): Promise<boolean> {
  if (status === "DONE" && carefulUntil > 0) {
    await db.queueBulkRun.updateMany({ where: { id, worker }, data: { carefulUntil: 0 } });
    return false;
  }
  // Cancelled after the look that found nothing to do: there was nothing to cancel.
  const where = { id, worker, status: { in: ["RUNNING" as const, "CANCELLING" as const] } };
  const { count } = await db.queueBulkRun.updateMany({ where, data: { status, finishedAt: at, problem } });
  if (count === 1) await db.queueBulkItem.deleteMany({ where: { runId: id, status: { in: ["PENDING", "ASKED"] } } });
  return count === 1;
}
