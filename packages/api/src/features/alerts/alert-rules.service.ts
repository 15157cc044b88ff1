import { isUniqueViolation, type Prisma } from "@robin/db";
import type { Context, SignedInContext } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { withAudit } from "../audit/audit.service.ts";
import type {
  AlertRule,
  AlertRuleInput,
  CreateAlertRuleInput,
  DeletedAlertRule,
  ListAlertRulesOutput,
  UpdateAlertRuleInput,
} from "./alert-rules.schemas.ts";

/** Each is asked for every quarter of a minute. */
const rulesMax = 100;

const withFiring = { alerts: { where: { clearedAt: null }, select: { id: true }, take: 1 } } as const;
type RuleRow = Prisma.AlertRuleGetPayload<{ include: typeof withFiring }>;

export async function listAlertRules({ deps: { db } }: Context): Promise<ListAlertRulesOutput> {
  const rows = await db.alertRule.findMany({ orderBy: { name: "asc" }, include: withFiring });
  return { items: rows.map(toRule) };
}

/** @throws AppError `not_found` */
export async function getAlertRule({ deps: { db } }: Context, { id }: AlertRuleInput): Promise<AlertRule> {
  const row = await db.alertRule.findUnique({ where: { id }, include: withFiring });
  if (!row) throw noSuchRule();
  return toRule(row);
}

/** @throws AppError `conflict` when there is one of this name, or too many. */
export async function createAlertRule(
  ctx: SignedInContext,
  { states = [], windowSeconds, ...input }: CreateAlertRuleInput,
): Promise<AlertRule> {
  const { db, clock } = ctx.deps;
  return withAudit(ctx, { action: "alertRules.create", targets: [input.name] }, async () => {
    if ((await db.alertRule.count()) >= rulesMax)
      throw new AppError("conflict", `There are ${rulesMax} rules already.`);
    const now = clock.now();
    const times = { createdAt: now, updatedAt: now, updatedBy: ctx.principal.username };
    const data = { ...input, states, windowSeconds: windowSeconds ?? null, ...times };
    return toRule(await db.alertRule.create({ data, include: withFiring }).catch(refuseSameName));
  });
}

/**
 * The worker counts anew from then on; an alert that fires goes on or ends by the new numbers.
 * @throws AppError `not_found`; `conflict` when there is another one of this name.
 */
export async function updateAlertRule(
  ctx: SignedInContext,
  { id, name, ...given }: UpdateAlertRuleInput,
): Promise<AlertRule> {
  const { db, clock } = ctx.deps;
  const known = await nameOf(ctx, id);
  return withAudit(ctx, { action: "alertRules.update", targets: [known] }, async () => {
    const changes = Object.fromEntries(Object.entries({ name, ...given }).filter(([, value]) => value !== undefined));
    const data = { ...changes, updatedAt: clock.now(), updatedBy: ctx.principal.username, breachingSince: null };
    const { count } = await db.alertRule.updateMany({ where: { id }, data }).catch(refuseSameName);
    if (count === 0) throw noSuchRule();
    return getAlertRule(ctx, { id });
  });
}

/** An alert that fires ends with it. @throws AppError `not_found` */
export async function deleteAlertRule(ctx: SignedInContext, { id }: AlertRuleInput): Promise<DeletedAlertRule> {
  const { db } = ctx.deps;
  return withAudit(ctx, { action: "alertRules.delete", targets: [await nameOf(ctx, id)] }, async () => {
    const { count } = await db.alertRule.deleteMany({ where: { id } });
    if (count === 0) throw noSuchRule();
    return { success: true as const };
  });
}

async function nameOf({ deps: { db } }: Context, id: string): Promise<string> {
  const row = await db.alertRule.findUnique({ where: { id }, select: { name: true } });
  return row?.name ?? id;
}

function toRule(row: RuleRow): AlertRule {
  const { states, windowSeconds, lastValue, evaluatedAt, updatedBy, alerts } = row;
  const { id, name, kind, threshold, forSeconds, clearSeconds, severity, enabled } = row;
  return {
    ...{ id, name, kind },
    ...(kind === "QUEUE_SIZE" && states.length > 0 && { states }),
    ...(windowSeconds !== null && { windowSeconds }),
    ...{ threshold, forSeconds, clearSeconds, severity, enabled },
    firing: alerts.length > 0,
    ...(lastValue !== null && { lastValue }),
    ...(evaluatedAt && { evaluatedAt }),
    ...(updatedBy !== null && { updatedBy }),
  };
}

function refuseSameName(error: unknown): never {
  if (!isUniqueViolation(error)) throw error;
  throw new AppError("conflict", "There is a rule of this name already.", { cause: error });
}

function noSuchRule(): AppError {
  return new AppError("not_found", "There is no such alert rule.");
}
