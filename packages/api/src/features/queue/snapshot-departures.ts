import type { Prisma, QueueExit, QueueItemState } from "@robin/db";
import type { Changes, Watch } from "./snapshot-changes.ts";

/** Removed in one transaction. */
const batchMax = 1000;

interface Gone {
  uid: string;
  state: QueueItemState;
  domains: string[];
  how: QueueExit;
  by: string | null;
}

export interface MissedOptions {
  at: Date;
  scan: bigint;
  /** The number of the last delta when the scan began: what has changed since may have been missed by it. */
  begunAtSeq: bigint;
  /** The numbers prove that the scan has found all there is. Otherwise an item has to be missed by two scans. */
  isProof: boolean;
}

/**
 * Marks items as gone that the scan has not found, at most so many at once. What somebody had deleted through the
 * gateway needs no second look.
 */
export async function removeMissed(
  tx: Prisma.TransactionClient,
  watch: Watch,
  { at, scan, begunAtSeq, isProof }: MissedOptions,
): Promise<(Pick<Changes, "removed" | "movements"> & { hasMore: boolean }) | undefined> {
  const gone = await tx.$queryRaw<Gone[]>`
    UPDATE gateway_queue_items AS item SET
      left_at = greatest(${at}, first_seen_at, requested_at,
        (SELECT max(event.at) FROM gateway_queue_events AS event WHERE event.uid = item.uid)),
      last_seen_at = greatest(first_seen_at, ${watch.completeAt}::timestamptz), left_by = requested_by,
      left_how = (CASE requested_action WHEN 'delete' THEN 'DELETED' WHEN 'bounce' THEN 'BOUNCED'
        WHEN 'retry' THEN 'RETRIED' ELSE CASE state WHEN 'DEAD' THEN 'EXPIRED' ELSE 'UNKNOWN' END END)::gateway_queue_exit,
      next_attempt_at = NULL, missing_scan = NULL, changed_seq = ${watch.seq + 1n}
    WHERE uid IN (
      SELECT uid FROM gateway_queue_items AS missed
      WHERE left_at IS NULL AND changed_seq <= ${begunAtSeq}
        AND (${isProof} OR missing_scan < ${scan} OR requested_action = 'delete')
        AND NOT EXISTS (SELECT FROM gateway_queue_seen AS seen WHERE seen.scan = ${scan} AND seen.uid = missed.uid)
      LIMIT ${batchMax})
    RETURNING uid, state, domains, left_how AS how, left_by AS by`;
  if (gone.length === 0) return undefined;
  return {
    removed: gone.map(({ uid, how, by }) => ({ uid, how, ...(by !== null && { by }) })),
    movements: gone.map(({ domains }) => ({ domains, left: true })),
    hasMore: gone.length === batchMax,
  };
}

/** Remembers what this scan has missed, for the next one to confirm, and returns how many there are. */
export function markMissed(
  tx: Prisma.TransactionClient,
  { scan, begunAtSeq }: Pick<MissedOptions, "scan" | "begunAtSeq">,
): Promise<number> {
  return tx.$executeRaw`
    UPDATE gateway_queue_items AS item SET missing_scan = ${scan}
    WHERE left_at IS NULL AND changed_seq <= ${begunAtSeq}
      AND NOT EXISTS (SELECT FROM gateway_queue_seen AS seen WHERE seen.scan = ${scan} AND seen.uid = item.uid)`;
}

/** Items that are there after all. */
export async function unmarkFound(tx: Prisma.TransactionClient, uids: readonly string[]): Promise<void> {
  await tx.$executeRaw`
    UPDATE gateway_queue_items SET missing_scan = NULL WHERE uid = ANY (${uids}) AND missing_scan IS NOT NULL`;
}

/** Notes which uids the scan has found. */
export async function noteFound(tx: Prisma.TransactionClient, scan: bigint, uids: readonly string[]): Promise<number> {
  return tx.$executeRaw`
    INSERT INTO gateway_queue_seen (scan, uid) SELECT ${scan}, unnest(${uids}::text[]) ON CONFLICT DO NOTHING`;
}

/** No scan needs the notes of another one. */
export async function forgetFound(tx: Prisma.TransactionClient): Promise<void> {
  await tx.$executeRaw`DELETE FROM gateway_queue_seen`;
}
