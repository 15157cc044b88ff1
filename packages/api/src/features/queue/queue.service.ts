import type { QueueState } from "@robin/sdk";
import { changeOptions, type Context, readOptions, type SignedInContext } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { withAudit } from "../audit/audit.service.ts";
import type {
  ListQueueInput,
  ListQueueOutput,
  QueueItem,
  QueueItemInput,
  QueueItemOutput,
  QueueItemsInput,
  QueueItemsOutput,
} from "./queue.schemas.ts";
import { type QueueAction, recordQueueAction } from "./snapshot-actions.ts";
import { readRecords } from "./snapshot-record.ts";

const allStates = ["READY", "CLAIMED", "DEAD"] as const satisfies readonly QueueState[];
const totalKeys = { READY: "ready", CLAIMED: "claimed", DEAD: "dead" } as const satisfies Record<QueueState, string>;

/**
 * One page of the queue. Robin's list does not tell an item's state, so each state is asked for by itself and the
 * pages run through READY, then CLAIMED, then DEAD, each in the order of arrival.
 */
export async function listQueue(ctx: Context, input: ListQueueInput): Promise<ListQueueOutput> {
  const { page, limit, protocol, retryMin, retryMax } = input;
  const items = new Map<string, QueueItem>();
  const totals: ListQueueOutput["totals"] = {};
  let total = 0;
  // Where the page begins, counted from the first item of the state at hand.
  let offset = (page - 1) * limit;

  for (const state of allStates.filter((known) => input.state?.includes(known) ?? true)) {
    // Once the page is full only the total is of interest, and each row costs Robin time.
    const rows = items.size < limit ? limit : 1;
    const filter = { states: [state], limit: rows, protocol, retryMin, retryMax };
    const robinPage = Math.floor(offset / rows) + 1;
    const first = await ctx.deps.robin.queue.list({ ...filter, page: robinPage }, readOptions(ctx));
    let entries = first.items.slice(offset % rows);
    if (entries.length < limit - items.size && robinPage < first.pages) {
      const second = await ctx.deps.robin.queue.list({ ...filter, page: robinPage + 1 }, readOptions(ctx));
      entries = [...entries, ...second.items];
    }
    for (const { uid, sessionUid, lastRetryAt, files, ...entry } of entries) {
      // An item that changes its state between two of these calls would be seen twice.
      if (items.size === limit || items.has(uid)) continue;
      items.set(uid, {
        uid,
        ...(sessionUid && { sessionUid }),
        state,
        protocol: entry.protocol,
        retryCount: entry.retryCount,
        ...(lastRetryAt && { lastRetryAt }),
        envelopeCount: entry.envelopeCount,
        recipients: entry.recipients,
        recipientsHidden: entry.recipientsHidden,
        files: files.map(({ name }) => name),
      });
    }
    totals[totalKeys[state]] = first.total;
    total += first.total;
    offset = Math.max(0, offset - first.total);
  }
  const records = await readRecords(ctx.deps.db, [...items.values()]);
  return {
    items: [...items.values()].map((item) => ({ ...item, ...records.get(item.uid) })),
    total,
    totals,
    page,
    limit,
    pages: Math.ceil(total / limit),
  };
}

const pastTense: Record<QueueAction, string> = {
  retry: "will be tried again now",
  bounce: "was given up and is dead",
  delete: "was deleted",
};

/** @throws AppError `not_found` when the item is not, or no longer, in the queue. */
export async function changeQueueItem(
  ctx: SignedInContext,
  action: QueueAction,
  { uid }: QueueItemInput,
): Promise<QueueItemOutput> {
  return withAudit(ctx, { action: `queue.${action}`, targets: [uid] }, async () => {
    const { count } = await ctx.deps.robin.queue[action]({ uids: [uid] }, changeOptions(ctx));
    if (count === 0) throw new AppError("not_found", "This item is not in the queue. It may have been delivered.");
    await recordAction(ctx, action, { uids: [uid], isComplete: true });
    return { uid, success: true, message: `The message ${pastTense[action]}.` };
  });
}

/** Robin says how many it found, not which: compare `missing`. */
export async function changeQueueItems(
  ctx: SignedInContext,
  action: QueueAction,
  input: QueueItemsInput,
): Promise<QueueItemsOutput> {
  const uids = [...new Set(input.uids)];
  return withAudit(ctx, { action: `queue.${action}`, targets: uids }, async () => {
    const { count } = await ctx.deps.robin.queue[action]({ uids }, changeOptions(ctx));
    if (count > 0) await recordAction(ctx, action, { uids, isComplete: count === uids.length });
    return { requested: uids.length, done: count, missing: uids.length - count };
  });
}

function recordAction(
  { deps, principal }: SignedInContext,
  action: QueueAction,
  what: { uids: readonly string[]; isComplete: boolean },
): Promise<void> {
  return recordQueueAction(deps, { action, ...what, by: principal.username, at: deps.clock.now() });
}
