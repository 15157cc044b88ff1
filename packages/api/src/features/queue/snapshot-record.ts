import { type Db, isDatabaseUnavailable, type QueueItemState } from "@robin/db";

/** What we know of an item and Robin's list does not tell. */
export interface ItemRecord {
  sender?: string;
  firstSeenAt: Date;
  nextAttemptAt?: Date;
  lastError?: string;
}

interface Known {
  uid: string;
  state: QueueItemState;
  retryCount: number;
}

/**
 * Our record of items that Robin has just listed. Of an item that has moved on since the worker's last look, only what
 * stays true is told. Empty while the database is away: the list goes without.
 */
export async function readRecords(db: Db, items: readonly Known[]): Promise<Map<string, ItemRecord>> {
  if (items.length === 0) return new Map();
  const rows = await db.queueItem
    .findMany({
      where: { uid: { in: items.map(({ uid }) => uid) } },
      select: {
        uid: true,
        state: true,
        retryCount: true,
        sender: true,
        firstSeenAt: true,
        nextAttemptAt: true,
        lastError: true,
      },
    })
    .catch((error: unknown) => {
      if (isDatabaseUnavailable(error)) return [];
      throw error;
    });
  const rowOf = new Map(rows.map((row) => [row.uid, row]));
  const records = new Map<string, ItemRecord>();
  for (const { uid, state, retryCount } of items) {
    const row = rowOf.get(uid);
    if (!row) continue;
    const isCurrent = row.state === state && row.retryCount === retryCount;
    records.set(uid, {
      ...(row.sender !== null && { sender: row.sender }),
      firstSeenAt: row.firstSeenAt,
      ...(isCurrent && row.nextAttemptAt && { nextAttemptAt: row.nextAttemptAt }),
      ...(isCurrent && row.lastError !== null && { lastError: row.lastError }),
    });
  }
  return records;
}
