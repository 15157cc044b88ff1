import type { Session as SessionRow } from "@robin/db";
import type { Context, SessionContext } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { pageWindow, toPage } from "../../listing.ts";
import { withAudit } from "../audit/audit.service.ts";
import { revokeSessions } from "../auth/sessions.ts";
import { requireUser, targetOf } from "../users/users.service.ts";
import type { UserInput } from "../users/users.schemas.ts";
import type {
  ListSessionsInput,
  ListSessionsOutput,
  ListUserSessionsInput,
  RevokedSessions,
  Session,
  SessionInput,
  UserSessionInput,
} from "./sessions.schemas.ts";

/** The caller's open sessions, the one used last first. */
export function listOwnSessions(ctx: SessionContext, input: ListSessionsInput): Promise<ListSessionsOutput> {
  return listSessions(ctx, { ...input, id: ctx.principal.userId });
}

/** @throws AppError `not_found` */
export async function listUserSessions(ctx: SessionContext, input: ListUserSessionsInput) {
  await requireUser(ctx, input.id);
  return listSessions(ctx, input);
}

/** @throws AppError `not_found` when it is not an open session of the caller. */
export async function revokeOwnSession(ctx: SessionContext, { id }: SessionInput): Promise<{ success: true }> {
  return withAudit(ctx, { action: "sessions.revoke", targets: [id] }, () =>
    revokeOne(ctx, { id, userId: ctx.principal.userId }, "LOGOUT"),
  );
}

export async function revokeOtherSessions(ctx: SessionContext): Promise<RevokedSessions> {
  const { userId, username, sessionId } = ctx.principal;
  return withAudit(ctx, { action: "sessions.revokeOthers", targets: [username] }, () =>
    revokeMany(ctx, { userId, id: { not: sessionId } }, "LOGOUT"),
  );
}

/** @throws AppError `not_found` when it is not an open session of this user. */
export async function revokeUserSession(ctx: Context, { id, sessionId }: UserSessionInput): Promise<{ success: true }> {
  const targets = [await targetOf(ctx, id), sessionId];
  return withAudit(ctx, { action: "sessions.revokeOfUser", targets }, () =>
    revokeOne(ctx, { id: sessionId, userId: id }, "REVOKED_BY_ADMIN"),
  );
}

/** @throws AppError `not_found` */
export async function revokeAllOfUser(ctx: Context, { id }: UserInput): Promise<RevokedSessions> {
  return withAudit(ctx, { action: "sessions.revokeAllOfUser", targets: [await targetOf(ctx, id)] }, async () => {
    await requireUser(ctx, id);
    return revokeMany(ctx, { userId: id }, "REVOKED_BY_ADMIN");
  });
}

async function listSessions(
  { deps, principal }: SessionContext,
  input: ListUserSessionsInput,
): Promise<ListSessionsOutput> {
  const where = { userId: input.id, revokedAt: null, expiresAt: { gt: deps.clock.now() } };
  const [total, rows] = await Promise.all([
    deps.db.session.count({ where }),
    deps.db.session.findMany({ where, orderBy: [{ lastUsedAt: "desc" }, { id: "desc" }], ...pageWindow(input) }),
  ]);
  return toPage(
    rows.map((row) => toSession(row, principal.sessionId)),
    total,
    input,
  );
}

async function revokeOne(
  { deps }: Context,
  { id, userId }: { id: string; userId: number },
  reason: "LOGOUT" | "REVOKED_BY_ADMIN",
): Promise<{ success: true }> {
  if ((await revokeSessions(deps, { userId, id }, reason)) === 0) {
    throw new AppError("not_found", "There is no such session, or it has ended.");
  }
  await deps.events.publish("session.changed", { sessionId: id });
  return { success: true };
}

async function revokeMany(
  { deps }: Context,
  which: { userId: number; id?: { not: string } },
  reason: "LOGOUT" | "REVOKED_BY_ADMIN",
): Promise<RevokedSessions> {
  const revoked = await revokeSessions(deps, which, reason);
  await deps.events.publish("user.changed", { userId: which.userId });
  return { revoked };
}

function toSession(row: SessionRow, currentId: string): Session {
  const { id, ipAddress, userAgent, createdAt, lastUsedAt, expiresAt } = row;
  return { id, ipAddress, userAgent, createdAt, lastUsedAt, expiresAt, current: id === currentId };
}
