import type { Db } from "@robin/db";
import { LRUCache } from "lru-cache";
import type { Clock } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { type Permission, permissionsOf, type Role } from "../../permissions.ts";
import type { AccessTokens } from "./access-tokens.ts";

/** Who calls, as the database has it now. */
export interface Principal {
  userId: number;
  username: string;
  roles: readonly Role[];
  permissions: readonly Permission[];
  sessionId: string;
}

/** How long a session's state is believed. Log-out and disabling promise to work within a second, in every process. */
const sessionStateMs = 500;
const sessionsMax = 10_000;

export interface Authenticator {
  /** @throws AppError `unauthenticated` for a bad token or an ended session, `unavailable` without the database. */
  authenticate(accessToken: string): Promise<Principal>;
  /** Makes this process ask the database again at once. */
  forget(sessionId: string): void;
}

interface SessionState {
  askedAt: number;
  principal: Promise<Principal | undefined>;
}

/** Tells from an access token who calls. Asks the database at most twice a second for each session (ADR 0004). */
export function createAuthenticator(db: Db, accessTokens: AccessTokens, clock: Clock): Authenticator {
  const states = new LRUCache<string, SessionState>({ max: sessionsMax });

  function stateOf(sessionId: string): SessionState {
    const askedAt = clock.now().getTime();
    const known = states.get(sessionId);
    // The other way round when the clock was set back, which must not keep an ended session alive.
    if (known && askedAt >= known.askedAt && askedAt < known.askedAt + sessionStateMs) return known;
    const state = { askedAt, principal: loadPrincipal(db, sessionId, clock.now()) };
    states.set(sessionId, state);
    state.principal.catch(() => {
      if (states.peek(sessionId) === state) states.delete(sessionId);
    });
    return state;
  }

  return {
    async authenticate(accessToken) {
      const { sessionId, userId } = await accessTokens.verify(accessToken);
      const principal = await stateOf(sessionId).principal;
      if (principal?.userId !== userId) {
        throw new AppError("unauthenticated", "The session has ended. Sign in again.");
      }
      return principal;
    },
    forget: (sessionId) => {
      states.delete(sessionId);
    },
  };
}

async function loadPrincipal(db: Db, sessionId: string, now: Date): Promise<Principal | undefined> {
  const session = await db.session.findFirst({
    where: { id: sessionId, revokedAt: null, expiresAt: { gt: now }, user: { disabledAt: null } },
    select: { user: { select: { id: true, username: true, roles: { select: { role: true } } } } },
  });
  if (!session) return undefined;
  const roles = session.user.roles.map(({ role }) => role);
  return {
    userId: session.user.id,
    username: session.user.username,
    roles,
    permissions: permissionsOf(roles),
    sessionId,
  };
}
