import type { Db, Prisma, QueueBulkRun, QueueItemState } from "@robin/db";
import { randomUUID } from "node:crypto";
import { AppError } from "../../../errors.ts";
import { takeLock } from "../../../locks.ts";
import { type BulkOutput, type BulkRun, sampleMax, type StoredFilter } from "./bulk.schemas.ts";
import { type BulkAction, matching } from "./filter-sql.ts";
import type { QueueFilter } from "./filter.schemas.ts";

/** Runs that have not ended, at most: they run one after the other. */
const activeMax = 50;
export const activeStatuses = ["QUEUED", "RUNNING", "CANCELLING"] as const;
/** The rows of 100,000 items take about a second. */
const createTimeoutMs = 60_000;

const columns = { retry: "RETRY", bounce: "BOUNCE", delete: "DELETE" } as const;
export const actionOf = { RETRY: "retry", BOUNCE: "bounce", DELETE: "delete" } as const;
export const toActionColumn = (action: BulkAction) => columns[action];

export interface BulkOrder {
  action: BulkAction;
  filter: QueueFilter;
  requestedBy: string;
  ruleId?: string;
  now: Date;
}

/** When the worker last looked at the queue. @throws AppError `conflict` when it has never seen all of it. */
export async function queueSeenAt(db: Db): Promise<Date> {
  const watch = await db.queueWatch.findUnique({ where: { id: 1 }, select: { lookedAt: true, completeAt: true } });
  if (watch?.completeAt) return watch.lookedAt ?? watch.completeAt;
  throw new AppError("conflict", "The worker has not read the queue to its end yet. Try again when it has.");
}

/** How many items fit, by state. */
export async function countMatches(db: Db, order: Omit<BulkOrder, "requestedBy">): Promise<BulkOutput["totals"]> {
  const rows = await db.$queryRaw<{ state: QueueItemState; count: number }[]>`
    SELECT state::text AS state, count(*)::int AS count FROM gateway_queue_items item
    WHERE ${matching(order)} GROUP BY 1`;
  const count = (state: QueueItemState) => rows.find((row) => row.state === state)?.count ?? 0;
  return { ready: count("READY"), claimed: count("CLAIMED"), dead: count("DEAD") };
}

/** The first of them, the oldest first. */
export async function sampleMatches(db: Db, order: Omit<BulkOrder, "requestedBy">): Promise<BulkOutput["sample"]> {
  const rows = await db.$queryRaw<{ uid: string }[]>`
    SELECT uid FROM gateway_queue_items item
    WHERE ${matching(order)} ORDER BY first_seen_at, uid LIMIT ${sampleMax}`;
  const items = await db.queueItem.findMany({
    where: { uid: { in: rows.map(({ uid }) => uid) } },
    orderBy: [{ firstSeenAt: "asc" }, { uid: "asc" }],
  });
  return items.map(({ uid, state, sender, recipients, retryCount, firstSeenAt, lastError }) => ({
    uid,
    state,
    ...(sender !== null && { sender }),
    recipients,
    retryCount,
    firstSeenAt,
    ...(lastError !== null && { lastError }),
  }));
}

/**
 * Writes down which items it is about, oldest first, for a worker to begin with. PostgreSQL copies them by itself.
 * @throws AppError `conflict` when the same is under way already, or too much else is.
 */
export function createRun(db: Db, order: BulkOrder): Promise<QueueBulkRun> {
  const { action, requestedBy, ruleId, now } = order;
  const filter = toStored(order.filter);
  return db.$transaction(
    async (tx) => {
      await takeLock(tx, "queueBulk");
      const active = { status: { in: [...activeStatuses] } };
      if ((await tx.queueBulkRun.count({ where: active })) >= activeMax) {
        throw new AppError("conflict", `${activeMax} bulk runs wait already. Try again when some have ended.`);
      }
      const same = { ...active, action: columns[action], filter: { equals: filter } };
      if (await tx.queueBulkRun.findFirst({ where: same, select: { id: true } })) {
        throw new AppError("conflict", "A bulk run with this action and filter is under way.");
      }
      const id = randomUUID();
      const data = { id, action: columns[action], filter, total: 0, requestedBy, createdAt: now };
      await tx.queueBulkRun.create({ data: { ...data, ...(ruleId !== undefined && { ruleId }) } });
      const total = await tx.$executeRaw`
        INSERT INTO gateway_queue_bulk_items (run_id, position, uid)
        SELECT ${id}::uuid, row_number() OVER (ORDER BY first_seen_at, uid), uid
        FROM gateway_queue_items item WHERE ${matching(order)}`;
      const nothing = total === 0 && { status: "DONE" as const, startedAt: now, finishedAt: now };
      return tx.queueBulkRun.update({ where: { id }, data: { total, ...nothing } });
    },
    { timeout: createTimeoutMs },
  );
}

export function toRun(row: QueueBulkRun): BulkRun {
  const { id, total, done, missing, failed, requestedBy, ruleId, createdAt, startedAt, finishedAt, problem } = row;
  return {
    id,
    action: actionOf[row.action],
    filter: row.filter as StoredFilter,
    status: row.status.toLowerCase() as BulkRun["status"],
    total,
    done,
    missing,
    failed,
    remaining: Math.max(0, total - done - missing - failed),
    requestedBy,
    ...(ruleId !== null && { ruleId }),
    createdAt,
    ...(startedAt && { startedAt }),
    ...(finishedAt && { finishedAt }),
    ...(problem !== null && { problem }),
  };
}

/** The filter as JSON, with nothing in it that was not given. */
export function toStored(filter: QueueFilter): StoredFilter & Prisma.InputJsonObject {
  return JSON.parse(JSON.stringify(filter)) as StoredFilter & Prisma.InputJsonObject;
}
