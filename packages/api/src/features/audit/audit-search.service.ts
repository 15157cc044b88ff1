import type { AuditEvent as AuditRow, Prisma } from "@robin/db";
import type { Context } from "../../context.ts";
import { pageWindow, toPage } from "../../listing.ts";
import type { AuditEvent, AuditFilter, SearchAuditInput, SearchAuditOutput } from "./audit.schemas.ts";

/** Newest first. */
export async function searchAudit({ deps: { db } }: Context, input: SearchAuditInput): Promise<SearchAuditOutput> {
  const where = auditWhere(input);
  const [total, rows] = await Promise.all([
    db.auditEvent.count({ where }),
    db.auditEvent.findMany({ where, orderBy: [{ occurredAt: "desc" }, { id: "desc" }], ...pageWindow(input) }),
  ]);
  return toPage(rows.map(toAuditEvent), total, input);
}

export function auditWhere(filter: AuditFilter): Prisma.AuditEventWhereInput {
  const { action, actor, outcome, target, from, to } = filter;
  return {
    ...(action !== undefined && { action: action.endsWith(".") ? { startsWith: action } : action }),
    ...(actor !== undefined && { actorUsername: actor.toLowerCase() }),
    ...(outcome && { outcome }),
    ...(target !== undefined && { targets: { has: target } }),
    ...((from ?? to) && { occurredAt: { ...(from && { gte: from }), ...(to && { lt: to }) } }),
  };
}

export function toAuditEvent(row: AuditRow): AuditEvent {
  return {
    id: row.id,
    occurredAt: row.occurredAt,
    ...(row.finishedAt && { finishedAt: row.finishedAt }),
    action: row.action,
    targets: row.targets,
    outcome: row.outcome,
    ...(row.errorCode !== null && { errorCode: row.errorCode }),
    ...(row.actorId !== null && { actorId: row.actorId }),
    ...(row.actorUsername !== null && { actorUsername: row.actorUsername }),
    ...(row.apiKeyId !== null && { apiKeyId: row.apiKeyId }),
    ...(row.apiKeyName !== null && { apiKeyName: row.apiKeyName }),
    requestId: row.requestId,
    ipAddress: row.ipAddress,
  };
}
