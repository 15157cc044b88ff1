import type { Events } from "@robin/events";
import type { Logger } from "../context.ts";
import { AppError } from "../errors.ts";
import type { Authenticator, Principal } from "../features/auth/authenticator.ts";
import type { Permission } from "../permissions.ts";
import { toAppError } from "../translate-error.ts";

/** Somebody who watches, on whatever road. */
export interface LiveClient {
  principal: Principal;
  /** Without it whoever is signed in may watch. */
  permission: Permission | undefined;
  /** By which it was authenticated. */
  credential: string;
  /** Called once, when the client may not watch any longer: with `unavailable` because the process ends. */
  end: (reason: AppError) => void;
}

export interface LiveClientsConfig {
  /** In this process, on all roads together. */
  clientsMax: number;
  clientsPerUserMax: number;
  /** How often sessions are looked up without a reason; only tests change it. */
  checkMs?: number;
}

/** Who watches in this process. Each of them is looked up again when its session changes, and now and then. */
export interface LiveClients {
  /**
   * Lets a client in who has just been authenticated; returns how it leaves.
   * @throws AppError `unavailable` when there are too many, `rate_limited` when they are too many of one user.
   */
  admit(client: LiveClient): () => void;
  readonly size: number;
  /** Ends all, and lets nobody in any more. */
  close(): void;
}

/** Looks-up a second, at most; with more sessions each has its turn more seldom. Events do not wait for it. */
const sessionsPerCheck = 50;

export function createLiveClients(
  { clientsMax, clientsPerUserMax, checkMs = 1000 }: LiveClientsConfig,
  { events, authenticator, logger }: { events: Events; authenticator: Authenticator; logger: Logger },
): LiveClients {
  /** By session or key, the one that was looked up longest ago first. */
  const bySession = new Map<string, Set<LiveClient>>();
  const perUser = new Map<number, number>();
  let size = 0;
  let isClosed = false;
  let checking: NodeJS.Timeout | undefined;

  function leave(client: LiveClient): void {
    const key = sessionKey(client.principal);
    const clients = bySession.get(key);
    if (!clients?.delete(client)) return;
    if (clients.size === 0) bySession.delete(key);
    const { userId } = client.principal;
    const ofUser = (perUser.get(userId) ?? 1) - 1;
    if (ofUser === 0) perUser.delete(userId);
    else perUser.set(userId, ofUser);
    size -= 1;
    if (size === 0) {
      clearInterval(checking);
      checking = undefined;
    }
  }

  function endClient(client: LiveClient, reason: AppError): void {
    leave(client);
    try {
      client.end(reason);
    } catch (err) {
      logger.error({ err }, "a live client could not be ended");
    }
  }

  async function check(credential: string, holders: readonly LiveClient[]): Promise<void> {
    try {
      const { permissions } = await authenticator.authenticate(credential);
      for (const client of holders) {
        const { permission } = client;
        if (permission === undefined || permissions.includes(permission)) continue;
        endClient(client, new AppError("forbidden", `This needs the permission ${permission}.`));
      }
    } catch (error) {
      const reason = toAppError(error);
      // Without the database nobody knows, and nothing new is told either.
      if (reason.code !== "unauthenticated") return;
      for (const client of holders) endClient(client, reason);
    }
  }

  /** A session's clients may hold tokens of different ages. */
  function checkSession(key: string): void {
    const byCredential = new Map<string, LiveClient[]>();
    for (const client of bySession.get(key) ?? []) {
      const holders = byCredential.get(client.credential);
      if (holders) holders.push(client);
      else byCredential.set(client.credential, [client]);
    }
    for (const [credential, holders] of byCredential) void check(credential, holders);
  }

  function checkNext(): void {
    const keys = [...bySession.keys()].slice(0, sessionsPerCheck);
    for (const key of keys) {
      const clients = bySession.get(key);
      if (!clients) continue;
      bySession.delete(key);
      bySession.set(key, clients);
      checkSession(key);
    }
  }

  const stops = [
    events.subscribe("session.changed", ({ sessionId }) => {
      checkSession(`session ${sessionId}`);
    }),
    events.subscribe("user.changed", ({ userId }) => {
      for (const [key, clients] of bySession) {
        const [{ principal } = {}] = clients;
        if (principal?.userId !== userId) continue;
        if (principal.sessionId !== undefined) authenticator.forget(principal.sessionId);
        checkSession(key);
      }
    }),
  ];

  return {
    get size() {
      return size;
    },
    admit(client) {
      const { userId } = client.principal;
      const ofUser = perUser.get(userId) ?? 0;
      if (isClosed) throw closing();
      if (size >= clientsMax) {
        throw new AppError("unavailable", "Too many are watching. Try again in a moment.", { retryAfterSeconds: 10 });
      }
      if (ofUser >= clientsPerUserMax) {
        const message = `You are watching in ${ofUser} places already. Close some of them.`;
        throw new AppError("rate_limited", message, { retryAfterSeconds: 10 });
      }
      const key = sessionKey(client.principal);
      bySession.set(key, (bySession.get(key) ?? new Set()).add(client));
      perUser.set(userId, ofUser + 1);
      size += 1;
      checking ??= setInterval(checkNext, checkMs).unref();
      return () => {
        leave(client);
      };
    },
    close() {
      isClosed = true;
      for (const stop of stops) stop();
      for (const clients of [...bySession.values()]) {
        for (const client of [...clients]) endClient(client, closing());
      }
    },
  };
}

function closing(): AppError {
  return new AppError("unavailable", "The gateway is restarting. Connect again.", { retryAfterSeconds: 1 });
}

function sessionKey({ sessionId, apiKey }: Principal): string {
  return sessionId === undefined ? `key ${apiKey?.id ?? ""}` : `session ${sessionId}`;
}
