import { createDeps, type Deps } from "@robin/api";
import { createDb } from "@robin/db";
import { createEvents } from "@robin/events";
import { contracts, createJobsInspector } from "@robin/jobs";
import { createRobinClient } from "@robin/sdk";
import { startTracing, type Tracing } from "@robin/tracing";
import type { Logger } from "pino";
import type { AppConfig } from "./app.ts";
import type { Env } from "./env.ts";
import { createLimits } from "./limits/create-limits.ts";
import type { Limiter } from "./limits/limiter.ts";
import { createLogger } from "./logger.ts";
import { createLogOutput } from "./log-output.ts";
import { createMeters, type Meters } from "./prometheus.ts";
import { version } from "./version.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** Somebody waits for the answer. */
const jobsWaitMs = 3000;

/** How long the end of the process waits for the collector; every other deadline is over by then. */
const lastTracesMs = 1500;

/** What one process of the gateway works with. */
export interface Parts {
  deps: Deps;
  logger: Logger;
  meters: Meters;
  config: AppConfig;
  /** Absent when limits are turned off. */
  limiter: Limiter | undefined;
  /** Absent when no collector is set. */
  tracing: Tracing | undefined;
  /** After the last request. */
  close(): Promise<void>;
}

/** Puts the parts together. The database must be migrated. */
export async function createParts(env: Env): Promise<Parts> {
  const output = env.LOG_FORMAT === "json" ? createLogOutput() : undefined;
  const logger = createLogger({ level: env.LOG_LEVEL, format: env.LOG_FORMAT }, output);
  const requestTimeoutMs = env.REQUEST_TIMEOUT_SECONDS * 1000;
  const db = createDb(env.DATABASE_URL, { statementTimeoutMs: requestTimeoutMs });
  const meters = createMeters({ droppedLines: output?.dropped });
  const tracing = await traceTo(env, logger);
  const events = await createEvents({ databaseUrl: env.DATABASE_URL, redisUrl: env.REDIS_URL, logger });
  const jobs = createJobsInspector(
    { databaseUrl: env.DATABASE_URL, redisUrl: env.REDIS_URL, waitMs: jobsWaitMs },
    Object.values(contracts),
    (err) => {
      logger.warn({ err }, "jobs cannot be looked at");
    },
  );
  const robin = createRobinClient({
    clientApi: { url: env.ROBIN_CLIENT_API_URL, auth: env.ROBIN_CLIENT_API_AUTH },
    serviceApi: { url: env.ROBIN_SERVICE_API_URL, auth: env.ROBIN_SERVICE_API_AUTH },
    // Robin refuses more than it is told of for the gateway as a whole.
    maxConnections: Math.max(1, Math.floor(env.ROBIN_MAX_CONNECTIONS / env.WORKERS)),
    maxWaiting: env.ROBIN_MAX_WAITING,
    timeoutMs: requestTimeoutMs,
    breaker: {
      failureThreshold: env.CIRCUIT_BREAKER_FAILURE_THRESHOLD,
      openMs: env.CIRCUIT_BREAKER_TIMEOUT_SECONDS * 1000,
    },
    onCall: meters.onCall,
    ...(tracing && { startSpan: (call) => tracing.startCall(call) }),
    onBreakerChange: ({ service, state }) => {
      logger.warn({ service, state }, "circuit breaker");
    },
  });
  const limits = env.RATE_LIMIT_ENABLED
    ? createLimits(
        {
          anonymousPerMinute: env.RATE_LIMIT_PER_MINUTE,
          userPerMinute: env.RATE_LIMIT_USER_PER_MINUTE,
          queuePerMinute: env.RATE_LIMIT_QUEUE_PER_MINUTE,
          loginPerMinute: env.RATE_LIMIT_LOGIN_PER_MINUTE,
          loginAddressPerMinute: env.RATE_LIMIT_LOGIN_ADDRESS_PER_MINUTE,
        },
        { redisUrl: env.REDIS_URL, logger, onExceeded: meters.onLimitExceeded },
      )
    : undefined;
  const deps = createDeps(
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
      webhooks: { allowPrivate: env.WEBHOOK_ALLOW_PRIVATE },
      cache: {
        enabled: env.CACHE_ENABLED,
        staleMs: env.CACHE_STALE_SECONDS * 1000,
        bytesMax: env.CACHE_MAX_MB * 1024 ** 2,
      },
      live: { clientsMax: env.LIVE_CLIENTS_MAX, clientsPerUserMax: env.LIVE_CLIENTS_PER_USER_MAX },
    },
    { db, robin, events, jobs, logger, loginGuard: limits?.loginGuard },
  );
  const config: AppConfig = {
    bodyBytesMax: env.BODY_LIMIT,
    requestTimeoutMs,
    corsOrigins: env.CORS_ORIGINS,
    corsAllowCredentials: env.CORS_ALLOW_CREDENTIALS,
    trustProxy: env.TRUST_PROXY,
    metricsToken: env.METRICS_TOKEN,
    uiDirectory: env.UI_DIST_DIR,
  };
  return {
    deps,
    logger,
    meters,
    config,
    limiter: limits?.limiter,
    tracing,
    async close() {
      await Promise.all([
        tracing?.close(lastTracesMs),
        robin.close(),
        events.close(),
        jobs.close(),
        limits?.close(),
        db.$disconnect(),
      ]);
    },
  };
}

async function traceTo(env: Env, logger: Logger): Promise<Tracing | undefined> {
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT?.replace(/\/+$/, "");
  const url = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base && `${base}/v1/traces`);
  if (url === undefined) return undefined;
  return startTracing({
    url,
    serviceName: env.OTEL_SERVICE_NAME,
    serviceVersion: version,
    sampler: env.OTEL_TRACES_SAMPLER,
    samplerArg: env.OTEL_TRACES_SAMPLER_ARG,
    onProblem: (problem) => {
      logger.warn({ problem }, "traces are not exported");
    },
  });
}

function isThisHost(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}
