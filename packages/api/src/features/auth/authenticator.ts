import type { Db } from "@robin/db";
import { LRUCache } from "lru-cache";
import type { Clock } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { type Permission, permissionsOf, type Role } from "../../permissions.ts";
import { apiKeyPrefix, hashOfApiKey, isApiKey } from "../api-keys/api-key.ts";
import { loadKeyOwner } from "../api-keys/key-owner.ts";
import type { AccessTokens } from "./access-tokens.ts";

/** Who calls, as the database has it now. */
export interface Principal {
  userId: number;
  username: string;
  roles: readonly Role[];
  /** Of an API key only those that are among its scopes as well. */
  permissions: readonly Permission[];
  /** Of the sign-in; absent when an API key calls. */
  sessionId?: string;
  apiKey?: { id: string; name: string };
}

/** How long the state of a session or key is believed. Log-out, revoking and disabling promise to work within a second, in every process. */
const sessionStateMs = 500;
/** The same for who is answered without delay while the database is asked again: together still within the second. */
const overtimeMs = 750;
const sessionsMax = 10_000;
const apiKeysMax = 10_000;

export interface Authenticator {
  /**
   * @param credential an access token or an API key.
   * @throws AppError `unauthenticated` for a bad token or an ended session, `unavailable` without the database.
   */
  authenticate(credential: string): Promise<Principal>;
  /**
   * Who calls, when that is known without a signature being checked or the database being asked; it is asked behind the
   * scenes when it is time to.
   */
  remembered(credential: string): Principal | undefined;
  /** Whether it was good when it was last checked here, so that another check costs little. */
  recognises(credential: string): boolean;
  /** Makes this process ask the database again at once. */
  forget(sessionId: string): void;
}

type Load = (now: Date) => Promise<Principal | undefined>;

interface State {
  askedAt: number;
  principal: Promise<Principal | undefined>;
  /** What the promise gave. */
  found: Principal | undefined;
  /** What was known before, until the promise has given something. */
  before: Pick<State, "askedAt" | "found"> | undefined;
  /** Once it is known to be somebody's. */
  good: boolean;
}

/** Tells from an access token or API key who calls. Asks the database at most twice a second for each (ADR 0004). */
export function createAuthenticator(db: Db, accessTokens: AccessTokens, clock: Clock): Authenticator {
  const sessions = new LRUCache<string, State>({ max: sessionsMax });
  // Apart, so that guesses at keys cannot push sessions out.
  const apiKeys = new LRUCache<string, State>({ max: apiKeysMax });

  function stateOf(states: LRUCache<string, State>, id: string, load: Load): Promise<Principal | undefined> {
    const now = clock.now();
    const askedAt = now.getTime();
    const known = states.get(id);
    if (known && isBelieved(known, askedAt)) return known.principal;
    const state: State = {
      askedAt,
      principal: load(now),
      found: undefined,
      before: known?.found && { askedAt: known.askedAt, found: known.found },
      good: known?.good ?? false,
    };
    states.set(id, state);
    state.principal.then(
      (principal) => {
        state.found = principal;
        state.before = undefined;
        state.good = principal !== undefined;
      },
      () => {
        if (states.peek(id) === state) states.delete(id);
      },
    );
    return state.principal;
  }

  /** Not when the clock was set back, which must not keep an ended session alive. */
  function isBelieved(state: State, at: number): boolean {
    return at >= state.askedAt && at < state.askedAt + sessionStateMs;
  }

  function foundIn(states: LRUCache<string, State>, id: string, load: Load): Principal | undefined {
    const state = states.get(id);
    if (!state) return undefined;
    const at = clock.now().getTime();
    if (isBelieved(state, at)) {
      const { found, before } = state;
      return before && at < before.askedAt + overtimeMs ? before.found : found;
    }
    if (at < state.askedAt || at >= state.askedAt + overtimeMs) return undefined;
    if (state.found) void stateOf(states, id, load);
    return state.found;
  }

  const loadSession = (sessionId: string) => (now: Date) => loadPrincipal(db, sessionId, now);
  const loadKey = (keyHash: Uint8Array<ArrayBuffer>) => (now: Date) => loadKeyOwner(db, keyHash, now);

  async function byApiKey(key: string): Promise<Principal> {
    const keyHash = isApiKey(key) ? hashOfApiKey(key) : undefined;
    const principal = keyHash && (await stateOf(apiKeys, nameOf(keyHash), loadKey(keyHash)));
    if (!principal) throw new AppError("unauthenticated", "The API key is not valid, or no longer.");
    return principal;
  }

  return {
    async authenticate(credential) {
      if (credential.startsWith(apiKeyPrefix)) return byApiKey(credential);
      const { sessionId, userId } = await accessTokens.verify(credential);
      const principal = await stateOf(sessions, sessionId, loadSession(sessionId));
      if (principal?.userId !== userId) {
        throw new AppError("unauthenticated", "The session has ended. Sign in again.");
      }
      return principal;
    },
    remembered(credential) {
      if (credential.startsWith(apiKeyPrefix)) {
        if (!isApiKey(credential)) return undefined;
        const keyHash = hashOfApiKey(credential);
        return foundIn(apiKeys, nameOf(keyHash), loadKey(keyHash));
      }
      const token = accessTokens.remembered(credential);
      const principal = token && foundIn(sessions, token.sessionId, loadSession(token.sessionId));
      return principal?.userId === token?.userId ? principal : undefined;
    },
    recognises(credential) {
      if (!credential.startsWith(apiKeyPrefix)) return accessTokens.remembers(credential);
      return isApiKey(credential) && apiKeys.peek(nameOf(hashOfApiKey(credential)))?.good === true;
    },
    forget: (sessionId) => {
      sessions.delete(sessionId);
    },
  };
}

function nameOf(keyHash: Uint8Array): string {
  return Buffer.from(keyHash).toString("base64");
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
