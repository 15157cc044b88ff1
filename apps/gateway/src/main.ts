import { AppError, createDeps, ensureAdmin } from "@robin/api";
import { createDb, migrate } from "@robin/db";
import { createLocalEvents } from "@robin/events";
import { createRobinClient } from "@robin/sdk";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import openApiDocument from "../openapi.json" with { type: "json" };
import { createApp } from "./app.ts";
import { EnvironmentError, readEnv } from "./env.ts";
import { createLogger } from "./logger.ts";
import { createMeters } from "./prometheus.ts";
import { answerBrokenRequests, closeGracefully } from "./server.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** A supervisor that dies while we start leaves nothing to close. */
const giveUp = (): never => process.exit(1);

async function start(): Promise<void> {
  process.once("disconnect", giveUp);
  const env = readEnv();
  const logger = createLogger({ level: env.LOG_LEVEL, format: env.LOG_FORMAT });
  await migrate(env.DATABASE_URL);
  const db = createDb(env.DATABASE_URL, { statementTimeoutMs: env.REQUEST_TIMEOUT_SECONDS * 1000 });
  const meters = createMeters();
  const robin = createRobinClient({
    clientApi: { url: env.ROBIN_CLIENT_API_URL, auth: env.ROBIN_CLIENT_API_AUTH },
    serviceApi: { url: env.ROBIN_SERVICE_API_URL, auth: env.ROBIN_SERVICE_API_AUTH },
    maxConnections: env.ROBIN_MAX_CONNECTIONS,
    timeoutMs: env.REQUEST_TIMEOUT_SECONDS * 1000,
    breaker: {
      failureThreshold: env.CIRCUIT_BREAKER_FAILURE_THRESHOLD,
      openMs: env.CIRCUIT_BREAKER_TIMEOUT_SECONDS * 1000,
    },
    onCall: meters.onCall,
    onBreakerChange: ({ service, state }) => {
      logger.warn({ service, state }, "circuit breaker");
    },
  });
  const deps = await createDeps(
    {
      accessTokens: {
        secrets: env.JWT_SECRET as [string, ...string[]],
        algorithm: env.JWT_ALGORITHM,
        lifetimeSeconds: Math.round(env.ACCESS_TOKEN_EXPIRE_MINUTES * 60),
      },
      refreshTokenLifetimeMs: env.REFRESH_TOKEN_EXPIRE_DAYS * dayMs,
      scanners: {
        clamav: env.CLAMAV_ADDRESS,
        rspamd: env.RSPAMD_ADDRESS,
        rspamdController: env.RSPAMD_CONTROLLER_ADDRESS,
        rspamdPassword: env.RSPAMD_CONTROLLER_PASSWORD,
        testTargets: env.SCANNER_TEST_TARGETS,
        sharesHostWithRobin: isThisHost(env.ROBIN_SERVICE_API_URL),
      },
      robinTimeZone: env.ROBIN_TIME_ZONE,
      robinConfigDir: env.ROBIN_CONFIG_DIR,
    },
    { db, robin, events: createLocalEvents(logger), logger },
  );
  const admin = await ensureAdmin(deps, { username: env.ADMIN_USERNAME, password: env.ADMIN_PASSWORD });

  let draining = false;
  const app = createApp({
    deps,
    logger,
    openApiDocument,
    meters,
    draining: () => draining,
    config: {
      bodyBytesMax: env.BODY_LIMIT,
      requestTimeoutMs: env.REQUEST_TIMEOUT_SECONDS * 1000,
      corsOrigins: env.CORS_ORIGINS,
      corsAllowCredentials: env.CORS_ALLOW_CREDENTIALS,
      trustProxy: env.TRUST_PROXY,
      metricsToken: env.METRICS_TOKEN,
      uiDirectory: env.UI_DIST_DIR,
    },
  });
  const server = answerBrokenRequests(createServer({ requestTimeout: 60_000 }, app));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(env.PORT, env.HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://localhost:${port}`;
  logger.info({ url }, "gateway is listening");
  announce({ ready: true, url, ...(admin && { admin }) });

  const stop = (reason: string): void => {
    if (draining) return;
    draining = true;
    logger.info({ reason }, "gateway is stopping");
    void closeGracefully(server, env.SHUTDOWN_SECONDS * 1000)
      .then(() => Promise.all([robin.close(), db.$disconnect()]))
      .catch((err: unknown) => {
        logger.error({ err }, "gateway did not stop cleanly");
        process.exitCode = 1;
      })
      .finally(() => {
        // Everything is closed; only the schema engine's ten-second timer may be left of a recent migration.
        process.exit();
      });
  };
  process.once("SIGTERM", () => {
    stop("SIGTERM");
  });
  process.once("SIGINT", () => {
    stop("SIGINT");
  });
  process.off("disconnect", giveUp).once("disconnect", () => {
    stop("parent is gone");
  });
}

function isThisHost(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}

/** Tells a supervising parent; without one a random first password is printed, because nobody else will ever see it. */
function announce(message: { ready: true; url: string; admin?: { username: string; password: string } }): void {
  if (process.send) process.send(message);
  else if (message.admin) {
    const { username, password } = message.admin;
    process.stdout.write(`First start: sign in as ${username} with the password ${password} (shown only once).\n`);
  }
}

/** One sentence for what an operator can mend; a stack for what only a developer can. */
function failureText(error: unknown): string {
  if (error instanceof EnvironmentError || error instanceof AppError) return error.message;
  const { code, port } = error as { code?: string; port?: number };
  if (code === "EADDRINUSE") return `Port ${port ?? "?"} is already in use. Stop what uses it, or set PORT.`;
  if (code === "EACCES") return `Port ${port ?? "?"} may not be used by this account. Set PORT to one above 1023.`;
  if (error instanceof Error && error.name === "DatabaseUnavailableError") return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

start().catch((error: unknown) => {
  process.stderr.write(`${failureText(error)}\n`);
  process.exit(1);
});
