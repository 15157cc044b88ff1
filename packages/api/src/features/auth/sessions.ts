import type { Db, RevokedReason } from "@robin/db";
import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../context.ts";

/** Parallel tabs hold the same cookie; a rotated token works on for this long. */
const rotationGraceMs = 30_000;
const userAgentCharsMax = 255;

export interface IssuedRefreshToken {
  token: string;
  expiresAt: Date;
}

export interface OpenedSession extends IssuedRefreshToken {
  sessionId: string;
}

type Rotation =
  | { outcome: "rotated"; sessionId: string; userId: number; refreshToken: IssuedRefreshToken }
  | { outcome: "reused"; sessionId: string; userId: number }
  | { outcome: "refused" };

/** A session is one sign-in; it owns the family of refresh tokens that descend from it. */
export interface SessionStore {
  db: Db;
  clock: Clock;
  refreshTokenLifetimeMs: number;
}

/**
 * Signs in the account whose password was just compared.
 * @returns undefined when its password was changed, or it was disabled, since the hash was read: a change of password
 * must not miss a session that is being opened with the old one.
 */
export async function openSession(
  store: SessionStore,
  { user, ...client }: { user: { id: number; passwordHash: string }; ipAddress: string; userAgent: string },
): Promise<OpenedSession | undefined> {
  const issued = newToken(store);
  const now = store.clock.now();
  return store.db.$transaction(async (tx) => {
    const unchanged = await tx.user.updateMany({
      where: { id: user.id, passwordHash: user.passwordHash, disabledAt: null },
      data: { lastLoginAt: now },
    });
    if (unchanged.count === 0) return undefined;
    const session = await tx.session.create({
      data: {
        userId: user.id,
        ipAddress: client.ipAddress,
        userAgent: client.userAgent.slice(0, userAgentCharsMax),
        createdAt: now,
        lastUsedAt: now,
        expiresAt: issued.expiresAt,
        refreshTokens: {
          create: { tokenHash: sha256(issued.token), createdAt: now, expiresAt: issued.expiresAt },
        },
      },
    });
    return { sessionId: session.id, ...issued };
  });
}

/**
 * Exchanges a refresh token for a new one. A token that was exchanged more than the grace ago can only be a copy:
 * its whole family is revoked, the thief's tokens with the owner's.
 */
export async function rotateRefreshToken(store: SessionStore, token: string): Promise<Rotation> {
  const tokenHash = sha256(token);
  const now = store.clock.now();
  return store.db.$transaction(async (tx) => {
    const firstUse = await tx.refreshToken.updateMany({
      where: { tokenHash, usedAt: null, expiresAt: { gt: now } },
      data: { usedAt: now },
    });
    const known = await tx.refreshToken.findUnique({
      where: { tokenHash },
      include: { session: { include: { user: { select: { disabledAt: true } } } } },
    });
    if (!known) return { outcome: "refused" };
    const { session } = known;
    if (session.revokedAt || session.expiresAt <= now || known.expiresAt <= now || session.user.disabledAt) {
      return { outcome: "refused" };
    }
    if (firstUse.count === 0 && (known.usedAt?.getTime() ?? 0) + rotationGraceMs < now.getTime()) {
      await tx.session.update({ where: { id: session.id }, data: { revokedAt: now, revokedReason: "TOKEN_REUSE" } });
      return { outcome: "reused", sessionId: session.id, userId: session.userId };
    }
    const issued = newToken(store);
    await tx.refreshToken.create({
      data: { tokenHash: sha256(issued.token), sessionId: session.id, createdAt: now, expiresAt: issued.expiresAt },
    });
    await tx.session.update({ where: { id: session.id }, data: { lastUsedAt: now, expiresAt: issued.expiresAt } });
    return { outcome: "rotated", sessionId: session.id, userId: session.userId, refreshToken: issued };
  });
}

/** The session that a refresh token belongs to, and whose it is, whether the token still works or not. */
export async function sessionOfRefreshToken(
  db: Db,
  token: string,
): Promise<{ id: string; user: { id: number; username: string } } | undefined> {
  const known = await db.refreshToken.findUnique({
    where: { tokenHash: sha256(token) },
    select: { session: { select: { id: true, user: { select: { id: true, username: true } } } } },
  });
  return known?.session;
}

/** Ends the sessions that are still open, and says how many; running access tokens stop working within a second. */
export async function revokeSessions(
  { db, clock }: { db: Pick<Db, "session">; clock: Clock },
  which: { id: { in: string[] } } | { userId: number; id?: string | { not: string } },
  reason: RevokedReason,
): Promise<number> {
  const now = clock.now();
  const { count } = await db.session.updateMany({
    where: { ...which, revokedAt: null, expiresAt: { gt: now } },
    data: { revokedAt: now, revokedReason: reason },
  });
  return count;
}

function newToken({ clock, refreshTokenLifetimeMs }: SessionStore): IssuedRefreshToken {
  return {
    token: randomBytes(32).toString("base64url"),
    expiresAt: new Date(clock.now().getTime() + refreshTokenLifetimeMs),
  };
}

function sha256(token: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(token).digest());
}
