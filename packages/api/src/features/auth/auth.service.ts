import type { Context, SessionContext } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { permissionsOf } from "../../permissions.ts";
import { type AuditedAction, withAudit } from "../audit/audit.service.ts";
import { replacePassword } from "./accounts.ts";
import type { AccessTokenOutput, ChangePasswordInput, LoginInput, LoginOutput, MeOutput } from "./auth.schemas.ts";
import type { Principal } from "./authenticator.ts";
import type { LoginPermit } from "./login-guard.ts";
import { openSession, revokeSessions, rotateRefreshToken, sessionOfRefreshToken } from "./sessions.ts";
import { rolesOf, toSummary, type UserRow } from "./user-summary.ts";

/**
 * Opens a session. An unknown user and a wrong password look alike and take the same time.
 * @throws AppError `unauthenticated`, or `rate_limited` when too much was tried.
 */
export async function login(ctx: Context, input: LoginInput): Promise<LoginOutput> {
  const { db, passwords } = ctx.deps;
  const username = input.username.toLowerCase();
  const audited = { action: "auth.login", targets: [username] };
  const permit = await permitToTry(ctx, username, audited);
  return withAudit(ctx, audited, async (audit) => {
    const user = await db.user.findUnique({ where: { username }, include: { roles: true } });
    const valid = await passwords.verify(input.password, user?.passwordHash, permit.turn);
    if (!user || !valid) {
      await permit.failed();
      throw wrongCredentials();
    }
    audit.actor = { id: user.id, username };
    if (user.disabledAt) throw new AppError("forbidden", "User account is disabled");

    const session = await openSession(ctx.deps, { user, ipAddress: ctx.ipAddress, userAgent: ctx.userAgent });
    if (!session) throw wrongCredentials();
    await permit.succeeded();
    const tokens = await issueAccessToken(ctx, user, session.sessionId);
    ctx.refreshCookie.set(session.token, session.expiresAt);
    return { user: toSummary(user), tokens, permissions: permissionsOf(rolesOf(user)) };
  });
}

/**
 * Of those who may not try now, the audit has the first of a while: a row for each would let anybody fill the database.
 * @throws AppError `rate_limited`
 */
async function permitToTry(ctx: Context, username: string, audited: AuditedAction): Promise<LoginPermit> {
  const { ipAddress, signal } = ctx;
  const answer = await ctx.deps.loginGuard.admit({ username, ipAddress, signal });
  if (!("refusal" in answer)) return answer;
  const { refusal, isNews } = answer;
  if (isNews) await withAudit(ctx, audited, () => Promise.reject(refusal));
  throw refusal;
}

function wrongCredentials(): AppError {
  return new AppError("unauthenticated", "Invalid username or password");
}

/** A new access token for the refresh cookie, which is exchanged for a new one as well. */
export async function refresh(ctx: Context): Promise<AccessTokenOutput> {
  const token = ctx.refreshCookie.value;
  if (!token) throw new AppError("unauthenticated", "Sign in first: there is no refresh cookie.");
  return withAudit(ctx, { action: "auth.refresh", targets: [] }, async (audit) => {
    const rotation = await rotateRefreshToken(ctx.deps, token);
    if (rotation.outcome === "reused") {
      const { sessionId, userId } = rotation;
      const fields = { requestId: ctx.requestId, ipAddress: ctx.ipAddress, sessionId, userId };
      ctx.deps.logger.warn(fields, "a refresh token was used again after its rotation; its session is ended");
      await ctx.deps.events.publish("session.changed", { sessionId });
    }
    if (rotation.outcome !== "rotated") {
      ctx.refreshCookie.clear();
      throw new AppError("unauthenticated", "The session has ended. Sign in again.");
    }
    const user = await ctx.deps.db.user.findUniqueOrThrow({ where: { id: rotation.userId }, include: { roles: true } });
    audit.actor = { id: user.id, username: user.username };
    const tokens = await issueAccessToken(ctx, user, rotation.sessionId);
    ctx.refreshCookie.set(rotation.refreshToken.token, rotation.refreshToken.expiresAt);
    return tokens;
  });
}

/**
 * Ends the session of the refresh cookie and that of the access token. Never refuses: there may be neither.
 * @throws AppError `unavailable` when the database cannot say which they are, rather than to leave them open.
 */
export async function logout(ctx: Context): Promise<{ success: true }> {
  throwUnlessDecided(ctx);
  const cookie = ctx.refreshCookie.value;
  const ofCookie = cookie ? await sessionOfRefreshToken(ctx.deps.db, cookie) : undefined;
  const known = [ofCookie?.id, ctx.principal?.sessionId].filter((id) => id !== undefined);
  const sessionIds = [...new Set(known)];
  if (sessionIds.length > 0) {
    await withAudit(ctx, { action: "auth.logout", targets: sessionIds }, async (audit) => {
      audit.actor ??= ofCookie?.user;
      await revokeSessions(ctx.deps, { id: { in: sessionIds } }, "LOGOUT");
      await Promise.all(sessionIds.map((sessionId) => ctx.deps.events.publish("session.changed", { sessionId })));
    });
  }
  ctx.refreshCookie.clear();
  return { success: true };
}

/** Whether the access token works. Not knowing, because the database is away, is an error rather than a no. */
export function verify(ctx: Context): { valid: boolean } {
  throwUnlessDecided(ctx);
  return { valid: ctx.principal !== undefined };
}

/** A token that is refused is no token; one that could not be checked is neither good nor bad. */
function throwUnlessDecided({ authenticationError }: Context): void {
  if (authenticationError && authenticationError.code !== "unauthenticated") throw authenticationError;
}

/** The caller's account as the database has it now. */
export async function me({ deps }: Context, principal: Principal): Promise<MeOutput> {
  const user = await deps.db.user.findUnique({ where: { id: principal.userId }, include: { roles: true } });
  if (!user) throw new AppError("unauthenticated", "The session has ended. Sign in again.");
  const summary = toSummary(user);
  return {
    ...summary,
    // Through a key one may do less than oneself.
    permissions: permissionsOf(summary.roles).filter(
      (name) => !principal.apiKey || principal.permissions.includes(name),
    ),
    createdAt: user.createdAt,
    ...(user.lastLoginAt && { lastLoginAt: user.lastLoginAt }),
    user: summary,
  };
}

/**
 * The caller's own password, for the mailbox too if it opens it; the other sessions end, the one at hand stays.
 * @throws AppError `invalid_input` when the old password is wrong: 401 would make clients sign in again.
 */
export async function changePassword(ctx: SessionContext, input: ChangePasswordInput): Promise<{ success: true }> {
  const { userId, username, sessionId } = ctx.principal;
  const { db, passwords } = ctx.deps;
  const audited = { action: "auth.changePassword", targets: [username] };
  // A stolen session must not become a way to find out the password.
  const permit = await permitToTry(ctx, username, audited);
  return withAudit(ctx, audited, async () => {
    const user = await db.user.findUnique({ where: { id: userId }, select: { passwordHash: true } });
    const valid = await passwords.verify(input.currentPassword, user?.passwordHash, permit.turn);
    if (!user || !valid) {
      await permit.failed();
      const issues = [{ path: "currentPassword", message: "is not your present password" }];
      throw new AppError("invalid_input", "The present password is wrong.", { issues });
    }
    const verified = { id: userId, passwordHash: user.passwordHash };
    if (!(await replacePassword(ctx.deps, verified, { password: input.newPassword, keepSessionId: sessionId }))) {
      throw new AppError("conflict", "The password has just been changed by somebody else.");
    }
    await ctx.deps.events.publish("user.changed", { userId });
    return { success: true };
  });
}

async function issueAccessToken({ deps }: Context, user: UserRow, sessionId: string): Promise<AccessTokenOutput> {
  const roles = rolesOf(user);
  const accessToken = await deps.accessTokens.sign({
    userId: user.id,
    username: user.username,
    roles,
    permissions: permissionsOf(roles),
    sessionId,
  });
  return { accessToken, tokenType: "Bearer", expiresIn: deps.accessTokens.lifetimeSeconds };
}
