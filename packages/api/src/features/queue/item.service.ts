import type { Prisma } from "@robin/db";
import type { z } from "zod";
import { type Context, readOptions } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { createItemLog, type LogFact } from "./item-log.ts";
import type { GetQueueItemInput, QueueItemRecord } from "./item.schemas.ts";
import { toItemView } from "./snapshot-store.ts";

const eventsMax = 200;
/** Only a bound: what is not about the item is read and forgotten. */
const logBytesMax = 256 * 1024 ** 2;

const withEvents = {
  events: { orderBy: { id: "desc" }, take: eventsMax },
} satisfies Prisma.QueueItemInclude;
type Row = Prisma.QueueItemGetPayload<{ include: typeof withEvents }>;

/**
 * What our record, and if asked Robin's log, tell of an item over its life.
 *
 * @throws AppError `not_found` when no look at the queue has found it, or it has left long ago.
 */
export async function getQueueItem(
  ctx: Context,
  { uid, log }: GetQueueItemInput,
): Promise<z.infer<typeof QueueItemRecord>> {
  const row = await ctx.deps.db.queueItem.findUnique({ where: { uid }, include: withEvents });
  if (!row) {
    throw new AppError("not_found", "The gateway has not seen this item. A new one shows within seconds.");
  }
  const found = log && row.sessionUid !== null ? await readLog(ctx, row.sessionUid) : undefined;
  const facts = found?.facts ?? [];
  // The session may have gone on in another item: what the log says of a time before this one is not about it.
  const isDelivered = row.leftAt !== null && row.leftHow === "UNKNOWN" && facts.some((fact) => fact.isDelivered);
  const lastError = row.lastError ?? (row.leftAt ? undefined : facts.findLast(({ error }) => error)?.error);
  await remember(ctx, row, { isDelivered, lastError });
  return {
    ...toItemView({ ...row, lastError: lastError ?? null }),
    domains: row.domains,
    inQueue: row.leftAt === null,
    ...(row.lastSeenAt && { lastSeenAt: row.lastSeenAt }),
    retriesSeen: row.retriesSeen,
    ...(row.leftAt && {
      left: {
        at: row.leftAt,
        how: isDelivered ? "DELIVERED" : (row.leftHow ?? "UNKNOWN"),
        ...(row.leftBy !== null && { by: row.leftBy }),
      },
    }),
    events: [
      ...row.events.toReversed().map(toEvent),
      ...facts.map(({ at, text }) => ({ at, kind: "LOG" as const, text })),
    ]
      .toSorted((a, b) => a.at.getTime() - b.at.getTime())
      .slice(-eventsMax),
    ...(found && { logIncomplete: found.isIncomplete }),
  };
}

function toEvent({ at, kind, state, retryCount, action, actor, text }: Row["events"][number]) {
  const known = (["retry", "bounce", "delete"] as const).find((name) => name === action);
  return {
    at,
    kind,
    ...(state && { state }),
    ...(retryCount !== null && { retryCount }),
    ...(known && { action: known }),
    ...(actor !== null && { by: actor }),
    ...(text !== null && { text }),
  };
}

async function readLog(ctx: Context, sessionUid: string): Promise<{ facts: LogFact[]; isIncomplete: boolean }> {
  const { logs, clock } = ctx.deps;
  const itemLog = createItemLog(sessionUid, { timeZone: logs.timeZone, now: clock.now() });
  let isIncomplete = false;
  const search = async (term: string, take: (line: string) => void): Promise<void> => {
    const { truncated, sawItself } = await logs.read(
      { term, bytesMax: logBytesMax, options: readOptions(ctx) },
      (line) => {
        take(line);
        return undefined;
      },
    );
    isIncomplete ||= truncated || !sawItself;
  };
  await search(sessionUid, (line) => {
    itemLog.takeOwn(line);
  });
  for (const { term, take } of itemLog.conversations()) await search(term, take);
  return { facts: itemLog.facts(), isIncomplete };
}

/** Robin forgets its log after two days; what it told of the item's end stays. */
async function remember(
  { deps: { db } }: Context,
  { uid, lastError, retryCount }: Row,
  found: { isDelivered: boolean; lastError: string | null | undefined },
): Promise<void> {
  if (found.isDelivered) {
    await db.queueItem.updateMany({ where: { uid, leftHow: "UNKNOWN" }, data: { leftHow: "DELIVERED" } });
  }
  if (lastError === null && found.lastError) {
    await db.queueItem.updateMany({
      where: { uid, retryCount, lastError: null, leftAt: null },
      data: { lastError: found.lastError },
    });
  }
}
