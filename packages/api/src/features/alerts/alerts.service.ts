import type { Alert as AlertRow, Prisma } from "@robin/db";
import type { Context } from "../../context.ts";
import { pageWindow, toPage } from "../../listing.ts";
import type { Alert, AlertHistoryInput, ListAlertsInput, ListAlertsOutput } from "./alerts.schemas.ts";

/** Those that fire, the newest first. */
export function listAlerts(ctx: Context, input: ListAlertsInput): Promise<ListAlertsOutput> {
  return findAlerts(ctx, input, { clearedAt: null });
}

/** All of them, those that fire included, the newest first. */
export function alertHistory(ctx: Context, input: AlertHistoryInput): Promise<ListAlertsOutput> {
  const { from, to } = input;
  return findAlerts(ctx, input, { firedAt: { ...(from && { gte: from }), ...(to && { lt: to }) } });
}

async function findAlerts(
  { deps: { db } }: Context,
  input: ListAlertsInput,
  which: Prisma.AlertWhereInput,
): Promise<ListAlertsOutput> {
  const { severity, kind } = input;
  const where = { ...which, ...(severity && { severity: { in: severity } }), ...(kind && { kind: { in: kind } }) };
  const [total, rows] = await Promise.all([
    db.alert.count({ where }),
    db.alert.findMany({ where, orderBy: [{ firedAt: "desc" }, { id: "desc" }], ...pageWindow(input) }),
  ]);
  return toPage(rows.map(toAlert), total, input);
}

function toAlert({ ruleId, ruleName, clearedAt, ...row }: AlertRow): Alert {
  return { ...row, rule: ruleName, ...(ruleId !== null && { ruleId }), ...(clearedAt && { clearedAt }) };
}
