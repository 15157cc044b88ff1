import { createConfigFolder } from "@robin/config-files";
import type { Db } from "@robin/db";
import type { Events } from "@robin/events";
import type { RobinClient } from "@robin/sdk";
import { type AnswerCacheConfig, createAnswerCache } from "./cache/answer-cache.ts";
import type { Clock, Deps, Logger } from "./context.ts";
import { type AccessTokenConfig, createAccessTokens } from "./features/auth/access-tokens.ts";
import { createAuthenticator } from "./features/auth/authenticator.ts";
import type { Hashing } from "./features/auth/hashing.ts";
import { type LoginGuard, openLoginGuard } from "./features/auth/login-guard.ts";
import { createPasswords } from "./features/auth/passwords.ts";
import { createBlocklistProjector } from "./features/blocklist/projection.ts";
import { createHealthMonitor } from "./features/health/health.service.ts";
import type { ScannerConfig } from "./features/scanners/scanners.service.ts";
import type { WebhookPolicy } from "./features/alerts/webhook-target.ts";
import { createLogReader } from "./features/logs/log-reader.ts";
import { createLive, type LiveConfig } from "./live/live.ts";
import { procedureInputs } from "./root.ts";

export interface ApiConfig {
  accessTokens: AccessTokenConfig;
  refreshTokenLifetimeMs: number;
  cache: AnswerCacheConfig;
  live?: LiveConfig;
  /** Zone of the times in Robin's log, as an IANA name or an offset; this process's own by default. */
  robinTimeZone?: string | undefined;
  /** Robin's configuration folder, when it is mounted. */
  robinConfigDir?: string | undefined;
  scanners?: ScannerConfig;
  /** Public https only by default. */
  webhooks?: WebhookPolicy;
  /** bcrypt's cost; only tests go below the default. */
  bcryptCost?: number;
  /** In place of the thread that gives way to everything else. */
  hashing?: Hashing;
}

const defaultLive: LiveConfig = { clientsMax: 5500, clientsPerUserMax: 100 };

export const systemClock: Clock = { now: () => new Date() };

/** Builds once per process what the procedures share. */
export function createDeps(
  config: ApiConfig,
  parts: {
    db: Db;
    robin: RobinClient;
    events: Events;
    jobs: Deps["jobs"];
    logger: Logger;
    clock?: Clock;
    loginGuard?: LoginGuard | undefined;
  },
): Deps {
  const { db, robin, events, jobs, logger, clock = systemClock, loginGuard = openLoginGuard } = parts;
  const accessTokens = createAccessTokens(config.accessTokens, clock);
  const configFolder = config.robinConfigDir ? createConfigFolder({ path: config.robinConfigDir, clock }) : undefined;
  const logs = createLogReader(robin, config.robinTimeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  const cache = createAnswerCache(config.cache, { events, clock, inputs: procedureInputs() });
  const authenticator = createAuthenticator(db, accessTokens, clock);
  events.subscribe("session.changed", ({ sessionId }) => {
    authenticator.forget(sessionId);
  });
  const health = createHealthMonitor({ db, robin, clock, cache });
  return {
    db,
    robin,
    events,
    jobs,
    cache,
    logger,
    clock,
    accessTokens,
    authenticator,
    loginGuard,
    passwords: createPasswords(config.bcryptCost, config.hashing),
    health,
    scanners: config.scanners ?? {},
    webhooks: config.webhooks ?? { allowPrivate: false },
    logs,
    live: createLive(config.live ?? defaultLive, { db, events, authenticator, health, logs, clock, logger }),
    configFolder,
    blocklist: createBlocklistProjector({ db, robin, clock, logger, folder: configFolder }),
    refreshTokenLifetimeMs: config.refreshTokenLifetimeMs,
  };
}
