import type { Db, QueueExit, QueueItemState } from "@robin/db";

/** An item of the queue as the worker last found it. What is not known is absent. */
export interface QueueItemView {
  uid: string;
  state: QueueItemState;
  protocol: string;
  sessionUid?: string;
  sender?: string;
  /** At most five: Robin shows no more. */
  recipients: string[];
  recipientsHidden: number;
  files: string[];
  envelopeCount: number;
  retryCount: number;
  lastRetryAt?: Date;
  firstSeenAt: Date;
  /** By Robin's schedule; Robin itself does not tell. Absent for a dead item, and where the schedule is not known. */
  nextAttemptAt?: Date;
  lastError?: string;
}

export interface QueueTotals {
  ready: number;
  claimed: number;
  dead: number;
}

/** How an item left, by the worker's best knowledge. */
export interface QueueDeparture {
  uid: string;
  how: QueueExit;
  by?: string;
}

/** What changed from one number to the next. Numbers have no gaps and never go back. */
export interface QueueDelta {
  seq: number;
  at: Date;
  added: QueueItemView[];
  changed: QueueItemView[];
  removed: QueueDeparture[];
  totals: QueueTotals;
}

export interface QueueSnapshot {
  /** The next delta to this snapshot has the number after it; 0 before there was any. */
  seq: number;
  /** When Robin was last asked for its totals; absent before the first time. */
  at?: Date;
  /** The newest first, as far as the limit goes. */
  items: QueueItemView[];
  /** As Robin last told them. Items follow as they are read, a long queue in the course of minutes. */
  totals: QueueTotals;
  /** Whether all items are there: the limit cut none off, and Robin's queue was once read to its end. */
  complete: boolean;
}

/** A row of gateway_queue_items, as far as it is shown. */
interface ItemRow {
  uid: string;
  state: QueueItemState;
  protocol: string;
  sessionUid: string | null;
  sender: string | null;
  recipients: string[];
  recipientsHidden: number;
  files: string[];
  envelopeCount: number;
  retryCount: number;
  lastRetryAt: Date | null;
  firstSeenAt: Date;
  nextAttemptAt: Date | null;
  lastError: string | null;
}

export function toItemView({
  sessionUid,
  sender,
  lastRetryAt,
  nextAttemptAt,
  lastError,
  ...item
}: ItemRow): QueueItemView {
  return {
    uid: item.uid,
    state: item.state,
    protocol: item.protocol,
    ...(sessionUid !== null && { sessionUid }),
    ...(sender !== null && { sender }),
    recipients: item.recipients,
    recipientsHidden: item.recipientsHidden,
    files: item.files,
    envelopeCount: item.envelopeCount,
    retryCount: item.retryCount,
    ...(lastRetryAt !== null && { lastRetryAt }),
    firstSeenAt: item.firstSeenAt,
    ...(nextAttemptAt !== null && { nextAttemptAt }),
    ...(lastError !== null && { lastError }),
  };
}

/** The queue at one moment, from the worker's record: Robin is not asked. */
export function readQueueSnapshot(db: Db, { limit }: { limit: number }): Promise<QueueSnapshot> {
  return db.$transaction(
    async (tx) => {
      const watch = await tx.queueWatch.findUnique({ where: { id: 1 } });
      const rows = await tx.queueItem.findMany({
        where: { leftAt: null },
        orderBy: [{ firstSeenAt: "desc" }, { uid: "desc" }],
        take: limit + 1,
      });
      return {
        seq: Number(watch?.seq ?? 0),
        ...(watch?.lookedAt && { at: watch.lookedAt }),
        items: rows.slice(0, limit).map(toItemView),
        totals: { ready: watch?.ready ?? 0, claimed: watch?.claimed ?? 0, dead: watch?.dead ?? 0 },
        complete: Boolean(watch?.completeAt) && rows.length <= limit,
      };
    },
    { isolationLevel: "RepeatableRead" },
  );
}

/** What is stored of a delta: JSON has no dates. */
type Stored<Value> = { [Key in keyof Value]: Value[Key] extends Date | undefined ? string : Value[Key] };
export interface StoredDelta {
  added: Stored<QueueItemView>[];
  changed: Stored<QueueItemView>[];
  removed: QueueDeparture[];
  totals: QueueTotals;
}

/** More than these are longer than a snapshot. */
const catchUpMax = 100;

/**
 * All deltas after this number, in order. Undefined when one of them is no longer kept or was too large to keep, when
 * there are very many, and when the number is of a future that another database had: a snapshot is needed then.
 */
export async function readQueueDeltas(db: Db, afterSeq: number): Promise<QueueDelta[] | undefined> {
  const rows = await db.queueDelta.findMany({
    where: { seq: { gt: afterSeq } },
    orderBy: { seq: "asc" },
    take: catchUpMax + 1,
  });
  if (rows.length > catchUpMax) return undefined;
  if (rows.length === 0) {
    const watch = await db.queueWatch.findUnique({ where: { id: 1 }, select: { seq: true } });
    return Number(watch?.seq ?? 0) === afterSeq ? [] : undefined;
  }
  if (Number(rows[0]?.seq) !== afterSeq + 1 || rows.some(({ body }) => body === null)) return undefined;
  return rows.map(({ seq, at, body }) => {
    const { added, changed, removed, totals } = body as unknown as StoredDelta;
    return { seq: Number(seq), at, added: added.map(fromStored), changed: changed.map(fromStored), removed, totals };
  });
}

function fromStored({ lastRetryAt, firstSeenAt, nextAttemptAt, ...item }: Stored<QueueItemView>): QueueItemView {
  return {
    ...item,
    ...(lastRetryAt !== undefined && { lastRetryAt: new Date(lastRetryAt) }),
    firstSeenAt: new Date(firstSeenAt),
    ...(nextAttemptAt !== undefined && { nextAttemptAt: new Date(nextAttemptAt) }),
  };
}
