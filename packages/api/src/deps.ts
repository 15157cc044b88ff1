import type { Db } from "@robin/db";
import type { RobinClient } from "@robin/sdk";
import type { Clock, Deps, Logger } from "./context.ts";
import { type AccessTokenConfig, createAccessTokens } from "./features/auth/access-tokens.ts";
import { createAuthenticator } from "./features/auth/authenticator.ts";
import { createPasswords } from "./features/auth/passwords.ts";
import { createHealthMonitor } from "./features/health/health.service.ts";

export interface ApiConfig {
  accessTokens: AccessTokenConfig;
  refreshTokenLifetimeMs: number;
  /** bcrypt's cost; only tests go below the default. */
  bcryptCost?: number;
}

export const systemClock: Clock = { now: () => new Date() };

/** Builds once per process what the procedures share. */
export async function createDeps(
  config: ApiConfig,
  parts: { db: Db; robin: RobinClient; logger: Logger; clock?: Clock },
): Promise<Deps> {
  const { db, robin, logger, clock = systemClock } = parts;
  const accessTokens = createAccessTokens(config.accessTokens, clock);
  return {
    db,
    robin,
    logger,
    clock,
    accessTokens,
    authenticator: createAuthenticator(db, accessTokens, clock),
    passwords: await createPasswords(config.bcryptCost),
    health: createHealthMonitor({ db, robin, clock }),
    refreshTokenLifetimeMs: config.refreshTokenLifetimeMs,
  };
}
