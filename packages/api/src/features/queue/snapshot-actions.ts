import type { Db, Prisma, QueueItemState } from "@robin/db";
import type { Events } from "@robin/events";
import type { Logger } from "../../context.ts";
import { inWatch, storeDelta, type Changes, type Watch } from "./snapshot-changes.ts";
import { writeEvents } from "./snapshot-page.ts";
import { toItemView, type QueueTotals } from "./snapshot-store.ts";

export type QueueAction = "retry" | "bounce" | "delete";

export interface ActionNote {
  action: QueueAction;
  uids: readonly string[];
  /** Username of who did it. */
  by: string;
  at: Date;
  /** Robin changed every one of them. Otherwise nobody knows which, and the next look at the queue has to tell. */
  isComplete: boolean;
}

interface RecordParts {
  db: Db;
  events: Pick<Events, "publish">;
  logger: Logger;
}

/** Notes it and tells all who watch. Never rejects: Robin has done it by then, and the next look will show it too. */
export async function recordQueueAction({ db, events, logger }: RecordParts, note: ActionNote): Promise<void> {
  try {
    const seq = await noteQueueAction(db, note);
    if (seq !== undefined) await events.publish("queue.delta", { seq });
  } catch (err) {
    logger.warn({ err, action: note.action, items: note.uids.length }, "queue record lacks what was done to items");
  }
}

/**
 * Notes what Robin was made to do, with the items and for all who watch; what is not in our record is left out.
 * Returns the number of the delta, to be published as "queue.delta"; undefined when there is none.
 */
export function noteQueueAction(db: Db, note: ActionNote): Promise<number | undefined> {
  return inWatch(db, async (tx, watch) => {
    const { action, uids, by, at, isComplete } = note;
    const present = await tx.$queryRaw<{ uid: string; state: QueueItemState; domains: string[] }[]>`
      UPDATE gateway_queue_items SET requested_action = ${action}, requested_by = ${by},
        requested_at = greatest(${at}, first_seen_at)
      WHERE uid = ANY (${uids}) AND left_at IS NULL RETURNING uid, state, domains`;
    await writeEvents(
      tx,
      at,
      present.map(({ uid }) => ({ uid, kind: "REQUEST", action, actor: by })),
    );
    if (!isComplete || present.length === 0) return undefined;
    const changes = await effects[action](tx, watch, { ...note, uids: present.map(({ uid }) => uid) });
    const movements = present.map(({ domains }) => ({
      domains,
      left: action === "delete",
      retries: action === "retry" ? 1 : 0,
    }));
    return storeDelta(tx, watch, { at, ...changes, totals: totalsAfter(action, watch, present), movements });
  });
}

const totalKeys = { READY: "ready", CLAIMED: "claimed", DEAD: "dead" } as const satisfies Record<
  QueueItemState,
  string
>;
const stateAfter = { retry: "READY", bounce: "DEAD" } as const;

/** Until Robin tells its own. */
function totalsAfter(action: QueueAction, watch: Watch, present: readonly { state: QueueItemState }[]): QueueTotals {
  const totals = { ready: watch.ready, claimed: watch.claimed, dead: watch.dead };
  for (const { state } of present) {
    totals[totalKeys[state]] = Math.max(0, totals[totalKeys[state]] - 1);
    if (action !== "delete") totals[totalKeys[stateAfter[action]]] += 1;
  }
  return totals;
}

type Effect = (
  tx: Prisma.TransactionClient,
  watch: Watch,
  note: ActionNote,
) => Promise<Pick<Changes, "changed" | "removed">>;

const effects: Record<QueueAction, Effect> = {
  delete: async (tx, watch, { uids, by, at }) => {
    await tx.$executeRaw`
      UPDATE gateway_queue_items SET left_at = greatest(${at}, first_seen_at), last_seen_at = greatest(${at}, first_seen_at),
        left_how = 'DELETED', left_by = ${by}, next_attempt_at = NULL, changed_seq = ${watch.seq + 1n}
      WHERE uid = ANY (${uids})`;
    return { removed: uids.map((uid) => ({ uid, how: "DELETED", by })) };
  },
  // Robin counts it as a retry, makes the item due and forgets its last error.
  retry: async (tx, watch, { uids, at }) => {
    await tx.$executeRaw`
      UPDATE gateway_queue_items SET state = 'READY', retry_count = retry_count + 1, retries_seen = retries_seen + 1,
        last_retry_at = date_trunc('second', ${at}::timestamptz), next_attempt_at = ${at}, last_error = NULL,
        changed_seq = ${watch.seq + 1n}
      WHERE uid = ANY (${uids})`;
    return { changed: await viewsOf(tx, uids) };
  },
  bounce: async (tx, watch, { uids }) => {
    await tx.$executeRaw`
      UPDATE gateway_queue_items SET state = 'DEAD', next_attempt_at = NULL,
        last_error = 'Bounced by admin endpoint', changed_seq = ${watch.seq + 1n}
      WHERE uid = ANY (${uids})`;
    return { changed: await viewsOf(tx, uids) };
  },
};

async function viewsOf(tx: Prisma.TransactionClient, uids: readonly string[]) {
  const rows = await tx.queueItem.findMany({ where: { uid: { in: [...uids] } } });
  return rows.map(toItemView);
}
