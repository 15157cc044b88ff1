import { isUniqueViolation, type Prisma } from "@robin/db";
import type { Context, SignedInContext } from "../../../context.ts";
import { AppError } from "../../../errors.ts";
import { withAudit } from "../../audit/audit.service.ts";
import type { BulkOutput, StoredFilter } from "../bulk/bulk.schemas.ts";
import { ensureAllowed } from "../bulk/bulk.service.ts";
import {
  actionOf,
  countMatches,
  queueSeenAt,
  sampleMatches,
  toActionColumn,
  toRun,
  toStored,
} from "../bulk/bulk-store.ts";
import { QueueFilter } from "../bulk/filter.schemas.ts";
import type {
  CreateQueueRuleInput,
  DeletedQueueRule,
  ListQueueRulesOutput,
  QueueRule,
  QueueRuleInput,
  UpdateQueueRuleInput,
} from "./rules.schemas.ts";

const rulesMax = 50;

const withLastRun = { runs: { orderBy: { createdAt: "desc" }, take: 1 } } as const;
type RuleRow = Prisma.QueueRuleGetPayload<{ include: typeof withLastRun }>;

export async function listQueueRules({ deps: { db } }: Context): Promise<ListQueueRulesOutput> {
  const rows = await db.queueRule.findMany({ orderBy: { name: "asc" }, include: withLastRun });
  return { items: rows.map(toRule) };
}

/** @throws AppError `not_found` */
export async function getQueueRule(ctx: Context, { id }: QueueRuleInput): Promise<QueueRule> {
  return toRule(await findRule(ctx, id));
}

/** What the rule would find now. @throws AppError `not_found`; `conflict`, see `queueSeenAt` */
export async function previewQueueRule(ctx: Context, { id }: QueueRuleInput): Promise<BulkOutput> {
  const { db, clock } = ctx.deps;
  const rule = await findRule(ctx, id);
  const seenAt = await queueSeenAt(db);
  const order = { action: actionOf[rule.action], filter: QueueFilter.parse(rule.filter), now: clock.now() };
  const [totals, sample] = [await countMatches(db, order), await sampleMatches(db, order)];
  return { dryRun: true, matches: totals.ready + totals.claimed + totals.dead, totals, sample, seenAt };
}

/** @throws AppError `forbidden`; `conflict` when there is one of this name, or too many. */
export async function createQueueRule(
  ctx: SignedInContext,
  { action, filter, ...input }: CreateQueueRuleInput,
): Promise<QueueRule> {
  const { db, clock } = ctx.deps;
  ensureAllowed(ctx, action);
  const stored = toStored(filter);
  return withAudit(
    ctx,
    { action: "queueRules.create", targets: [input.name, action, JSON.stringify(stored)] },
    async () => {
      if ((await db.queueRule.count()) >= rulesMax)
        throw new AppError("conflict", `There are ${rulesMax} rules already.`);
      const now = clock.now();
      const data = { ...input, action: toActionColumn(action), filter: stored, createdAt: now, ...ownerOf(ctx) };
      return toRule(await db.queueRule.create({ data, include: withLastRun }).catch(refuseSameName));
    },
  );
}

/**
 * Whoever changes it answers for it from then on.
 * @throws AppError `not_found`; `forbidden`; `conflict` when there is another one of this name.
 */
export async function updateQueueRule(
  ctx: SignedInContext,
  { id, filter, ...given }: UpdateQueueRuleInput,
): Promise<QueueRule> {
  const { db } = ctx.deps;
  const known = await db.queueRule.findUnique({ where: { id } });
  if (known) ensureAllowed(ctx, actionOf[known.action]);
  const stored = filter && toStored(filter);
  const targets = [known?.name ?? id, ...(stored ? [JSON.stringify(stored)] : [])];
  return withAudit(ctx, { action: "queueRules.update", targets }, async () => {
    const changes = Object.entries({ ...given, filter: stored }).filter(([, value]) => value !== undefined);
    const data: Prisma.QueueRuleUncheckedUpdateManyInput = { ...Object.fromEntries(changes), ...ownerOf(ctx) };
    const { count } = await db.queueRule.updateMany({ where: { id }, data }).catch(refuseSameName);
    if (count === 0) throw noSuchRule();
    return getQueueRule(ctx, { id });
  });
}

/** What it ordered goes on. @throws AppError `not_found`; `forbidden` */
export async function deleteQueueRule(ctx: SignedInContext, { id }: QueueRuleInput): Promise<DeletedQueueRule> {
  const { db } = ctx.deps;
  const known = await db.queueRule.findUnique({ where: { id } });
  if (known) ensureAllowed(ctx, actionOf[known.action]);
  return withAudit(ctx, { action: "queueRules.delete", targets: [known?.name ?? id] }, async () => {
    const { count } = await db.queueRule.deleteMany({ where: { id } });
    if (count === 0) throw noSuchRule();
    return { success: true as const };
  });
}

async function findRule({ deps: { db } }: Context, id: string): Promise<RuleRow> {
  const row = await db.queueRule.findUnique({ where: { id }, include: withLastRun });
  if (!row) throw noSuchRule();
  return row;
}

function ownerOf({ principal, deps: { clock } }: SignedInContext) {
  return { updatedBy: principal.username, updatedById: principal.userId, updatedAt: clock.now() };
}

function toRule(row: RuleRow): QueueRule {
  const { id, name, intervalSeconds, enabled, updatedBy, updatedAt, lastRunAt, lastMatches, lastProblem } = row;
  const [lastRun] = row.runs;
  return {
    ...{ id, name, action: actionOf[row.action], filter: row.filter as StoredFilter },
    ...{ intervalSeconds, enabled, updatedBy, updatedAt },
    ...(lastRunAt && { lastRunAt }),
    ...(lastMatches !== null && { lastMatches }),
    ...(lastProblem !== null && { lastProblem }),
    ...(lastRun && { lastRun: toRun(lastRun) }),
  };
}

function refuseSameName(error: unknown): never {
  if (!isUniqueViolation(error)) throw error;
  throw new AppError("conflict", "There is a rule of this name already.", { cause: error });
}

function noSuchRule(): AppError {
  return new AppError("not_found", "There is no such rule.");
}
