/** Each argument has a default, so that a test states only what matters to it. */
import { randomUUID } from "node:crypto";
import type { Db } from "../client.ts";
import type { ApiKey, Prisma, Role, Session, User, UserRole } from "../generated/client.ts";

type UserOverrides = Partial<
  Omit<Prisma.UserUncheckedCreateInput, "roles" | "sessions" | "apiKeys" | "auditEvents">
> & {
  roles?: Role[];
};

export type UserWithRoles = User & { roles: UserRole[] };

/** A user with ROLE_USER whose `passwordHash` fits no password. */
export async function createUser(db: Db, overrides: UserOverrides = {}): Promise<UserWithRoles> {
  const { roles = ["ROLE_USER"], ...fields } = overrides;
  const username = fields.username ?? `user-${randomUUID()}@example.test`;
  return db.user.create({
    data: {
      username,
      email: username,
      passwordHash: "no password fits this hash",
      ...fields,
      roles: { create: roles.map((role) => ({ role })) },
    },
    include: { roles: true },
  });
}

type SessionOverrides = Partial<Omit<Prisma.SessionUncheckedCreateInput, "refreshTokens">>;

/** A living session, of a new user when no `userId` is given. */
export async function createSession(db: Db, overrides: SessionOverrides = {}): Promise<Session> {
  const userId = overrides.userId ?? (await createUser(db)).id;
  return db.session.create({
    data: {
      ipAddress: "192.0.2.1",
      userAgent: "test",
      expiresAt: new Date(Date.now() + 7 * 24 * 60 * 60 * 1000),
      ...overrides,
      userId,
    },
  });
}

/** A living key whose hash no key has, of a new user when no `userId` is given. */
export async function createApiKey(
  db: Db,
  overrides: Partial<Prisma.ApiKeyUncheckedCreateInput> = {},
): Promise<ApiKey> {
  const userId = overrides.userId ?? (await createUser(db)).id;
  return db.apiKey.create({
    data: { name: "test", keyHash: crypto.getRandomValues(new Uint8Array(32)), ...overrides, userId },
  });
}

type RefreshTokenOverrides = Partial<Prisma.RefreshTokenUncheckedCreateInput>;

/** An unused refresh token with a random hash, of a new session when no `sessionId` is given. */
export async function createRefreshToken(db: Db, overrides: RefreshTokenOverrides = {}) {
  const sessionId = overrides.sessionId ?? (await createSession(db)).id;
  return db.refreshToken.create({
    data: {
      tokenHash: crypto.getRandomValues(new Uint8Array(32)),
      expiresAt: new Date(Date.now() + 7 * 24 * 60 * 60 * 1000),
      ...overrides,
      sessionId,
    },
  });
}

/** A finished, successful action that nobody in particular did. */
export async function createAuditEvent(db: Db, overrides: Partial<Prisma.AuditEventUncheckedCreateInput> = {}) {
  return db.auditEvent.create({
    data: {
      action: "test.action",
      outcome: "SUCCEEDED",
      requestId: randomUUID(),
      ipAddress: "192.0.2.1",
      ...overrides,
    },
  });
}
