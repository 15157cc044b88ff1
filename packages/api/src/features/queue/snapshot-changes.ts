import type { Db, Prisma } from "@robin/db";
import { type Movement, storeSizes } from "./snapshot-sizes.ts";
import type { QueueDeparture, QueueItemView, QueueTotals, StoredDelta } from "./snapshot-store.ts";

/** The row that tells how far the watching has got. Whoever holds its lock is the only one to write the record. */
export interface Watch {
  seq: bigint;
  scan: bigint;
  lookedAt: Date | null;
  ready: number;
  claimed: number;
  dead: number;
  completeAt: Date | null;
  progress: unknown;
}

/** Runs with the row locked: writers take turns, in whatever process they are. */
export function inWatch<Result>(
  db: Db,
  work: (tx: Prisma.TransactionClient, watch: Watch) => Promise<Result>,
): Promise<Result> {
  return db.$transaction(
    async (tx) => {
      await tx.$executeRaw`INSERT INTO gateway_queue_watch (id) VALUES (1) ON CONFLICT DO NOTHING`;
      const [watch] = await tx.$queryRaw<Watch[]>`
        SELECT seq, scan, looked_at AS "lookedAt", ready, claimed, dead, complete_at AS "completeAt", progress
        FROM gateway_queue_watch WHERE id = 1 FOR UPDATE`;
      if (!watch) throw new Error("The row of the queue's watch has gone.");
      return work(tx, watch);
    },
    { timeout: 30_000, maxWait: 10_000 },
  );
}

export interface Changes {
  at: Date;
  added?: readonly QueueItemView[];
  changed?: readonly QueueItemView[];
  removed?: readonly QueueDeparture[];
  totals: QueueTotals;
  /** One for each item that came, went, was tried again or has another state. */
  movements?: readonly Movement[];
}

/** A delta with more entries is longer than a snapshot. */
const deltaEntriesMax = 2000;

/** Clocks of two hosts may differ by so much, or a writer waited for its turn. A clock that was put back is another thing. */
const disorderMsMax = 60_000;

/** Stores the delta under the next number, which the items carry by then: their sizes are counted here. */
export async function storeDelta(tx: Prisma.TransactionClient, watch: Watch, changes: Changes): Promise<number> {
  const { at, added = [], changed = [], removed = [], totals, movements = [] } = changes;
  const seq = watch.seq + 1n;
  const isSmall = added.length + changed.length + removed.length <= deltaEntriesMax;
  const body: Record<keyof StoredDelta, unknown> = { added, changed, removed, totals };
  await tx.$executeRaw`
    INSERT INTO gateway_queue_deltas (seq, at, body)
    VALUES (${seq}, ${await notBeforeTheLast(tx, watch.seq, at)}, ${isSmall ? JSON.stringify(body) : null}::jsonb)`;
  await tx.queueWatch.update({ where: { id: 1 }, data: { seq, ...totals } });
  await storeSizes(tx, { at, totals, movements });
  return Number(seq);
}

async function notBeforeTheLast(tx: Prisma.TransactionClient, seq: bigint, at: Date): Promise<Date> {
  const last = await tx.queueDelta.findUnique({ where: { seq }, select: { at: true } });
  const aheadMs = last ? last.at.getTime() - at.getTime() : 0;
  return last && aheadMs > 0 && aheadMs < disorderMsMax ? last.at : at;
}
