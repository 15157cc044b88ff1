import type { SignedInContext } from "../../../context.ts";
import { AppError } from "../../../errors.ts";
import { pageWindow, toPage } from "../../../listing.ts";
import type { Permission } from "../../../permissions.ts";
import { withAudit } from "../../audit/audit.service.ts";
import {
  type BulkInput,
  type BulkOutput,
  type BulkRun,
  type BulkRunDetail,
  type BulkRunInput,
  type ListBulkInput,
  type ListBulkOutput,
  problemsMax,
} from "./bulk.schemas.ts";
import {
  actionOf,
  activeStatuses,
  countMatches,
  createRun,
  queueSeenAt,
  sampleMatches,
  toRun,
  toStored,
} from "./bulk-store.ts";
import { fitsAll } from "./filter.schemas.ts";
import type { BulkAction } from "./filter-sql.ts";

/** After so long without a look at the queue there is no worker, as far as anyone can tell. */
const workerSilentMs = 60_000;

export const permissionFor = {
  retry: "MANAGE_QUEUE",
  bounce: "MANAGE_QUEUE",
  delete: "DELETE_QUEUE_ITEMS",
} as const satisfies Record<BulkAction, Permission>;

/** @throws AppError `forbidden`: which permission it takes depends on the action. */
export function ensureAllowed({ principal }: SignedInContext, action: BulkAction): void {
  const permission = permissionFor[action];
  if (principal.permissions.includes(permission)) return;
  throw new AppError("forbidden", `This needs the permission ${permission}.`);
}

/**
 * Orders the action for all items that fit now, or tells what it would do.
 * @throws AppError `forbidden`; `invalid_input` for a filter that all items fit; `conflict`, see `createRun`.
 */
export async function startBulk(ctx: SignedInContext, input: BulkInput): Promise<BulkOutput> {
  const { db, clock } = ctx.deps;
  const { action, filter, dryRun } = input;
  ensureAllowed(ctx, action);
  if (fitsAll(filter) && !input.all) throw allItems();
  const order = { action, filter, requestedBy: ctx.principal.username, now: clock.now() };
  if (dryRun) {
    const seenAt = await queueSeenAt(db);
    const [totals, sample] = [await countMatches(db, order), await sampleMatches(db, order)];
    return { dryRun, matches: totals.ready + totals.claimed + totals.dead, totals, sample, seenAt };
  }
  return withAudit(ctx, { action: "queue.bulk", targets: auditTargets(action, input) }, async () => {
    const seenAt = await queueSeenAt(db);
    const totals = await countMatches(db, order);
    const run = toRun(await createRun(db, order));
    return { dryRun, matches: run.total, totals, sample: [], seenAt, run };
  });
}

/** The filter as a whole, so that the audit tells what was meant, not each item. */
export function auditTargets(action: BulkAction, { filter }: Pick<BulkInput, "filter">): string[] {
  return [action, JSON.stringify(toStored(filter))];
}

export async function listBulk({ deps: { db } }: SignedInContext, input: ListBulkInput): Promise<ListBulkOutput> {
  const where = input.status && { status: { in: input.status.map(upper) } };
  const [total, rows] = await Promise.all([
    db.queueBulkRun.count({ ...(where && { where }) }),
    db.queueBulkRun.findMany({
      ...(where && { where }),
      orderBy: [{ createdAt: "desc" }, { id: "desc" }],
      ...pageWindow(input),
    }),
  ]);
  return toPage(rows.map(toRun), total, input);
}

/** @throws AppError `not_found` */
export async function getBulk({ deps: { db, clock } }: SignedInContext, { id }: BulkRunInput): Promise<BulkRunDetail> {
  const row = await db.queueBulkRun.findUnique({
    where: { id },
    include: {
      items: { where: { status: { in: ["MISSING", "FAILED"] } }, orderBy: { position: "asc" }, take: problemsMax },
    },
  });
  if (!row) throw noSuchRun();
  const problems = row.items.map(({ uid, status, reason }) => ({
    uid,
    outcome: status === "MISSING" ? ("missing" as const) : ("failed" as const),
    reason: reason ?? "",
  }));
  const run = toRun(row);
  if (run.status !== "queued") return { ...run, problems };
  const watch = await db.queueWatch.findUnique({ where: { id: 1 }, select: { lookedAt: true } });
  const isSilent = clock.now().getTime() - (watch?.lookedAt?.getTime() ?? 0) > workerSilentMs;
  const problem = "It begins when a worker runs: none has looked at the queue for a minute.";
  return { ...run, ...(isSilent && { problem }), problems };
}

/**
 * A run that no worker has begun ends at once; the batch that one is at is seen through.
 * @throws AppError `not_found`; `forbidden`; `conflict` when it has ended already.
 */
export async function cancelBulk(ctx: SignedInContext, { id }: BulkRunInput): Promise<BulkRun> {
  const { db, clock } = ctx.deps;
  const found = await db.queueBulkRun.findUnique({ where: { id }, select: { action: true } });
  if (found) ensureAllowed(ctx, actionOf[found.action]);
  return withAudit(ctx, { action: "queue.cancelBulk", targets: [id] }, async () => {
    const ended = { status: "CANCELLED", finishedAt: clock.now() } as const;
    const { count } = await db.queueBulkRun.updateMany({ where: { id, status: "QUEUED" }, data: ended });
    if (count === 1) await db.queueBulkItem.deleteMany({ where: { runId: id } });
    else {
      const data = { status: "CANCELLING" } as const;
      await db.queueBulkRun.updateMany({ where: { id, status: "RUNNING" }, data });
    }
    const row = await db.queueBulkRun.findUnique({ where: { id } });
    if (!row) throw noSuchRun();
    const isActive = (activeStatuses as readonly string[]).includes(row.status);
    if (count === 0 && !isActive) throw new AppError("conflict", "This run has ended already.");
    await ctx.deps.events.publish("bulk.progress", { bulkId: id });
    return toRun(row);
  });
}

type StatusColumn = "QUEUED" | "RUNNING" | "CANCELLING" | "CANCELLED" | "DONE" | "FAILED";
const upper = (status: BulkRun["status"]) => status.toUpperCase() as StatusColumn;

function allItems(): AppError {
  const issues = [{ path: "filter", message: "fits every item: if that is meant, send all: true" }];
  return new AppError("invalid_input", "The input is not valid.", { issues });
}

function noSuchRun(): AppError {
  return new AppError("not_found", "There is no such bulk run.");
}
