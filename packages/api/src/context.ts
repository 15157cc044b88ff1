import type { ConfigFolder } from "@robin/config-files";
import type { Db } from "@robin/db";
import type { Events } from "@robin/events";
import type { JobsInspector } from "@robin/jobs";
import type { CallOptions, RobinClient } from "@robin/sdk";
import type { AnswerCache, KeptAnswer } from "./cache/answer-cache.ts";
import type { Authenticator, Principal } from "./features/auth/authenticator.ts";
import type { LoginGuard } from "./features/auth/login-guard.ts";
import type { Passwords } from "./features/auth/passwords.ts";
import type { AccessTokens } from "./features/auth/access-tokens.ts";
import type { BlocklistProjector } from "./features/blocklist/projection.ts";
import type { HealthMonitor } from "./features/health/health.service.ts";
import type { LogReader } from "./features/logs/log-reader.ts";
import type { ScannerConfig } from "./features/scanners/scanners.service.ts";
import type { WebhookPolicy } from "./features/alerts/webhook-target.ts";
import type { Live } from "./live/live.ts";
import { AppError } from "./errors.ts";

export interface Clock {
  now(): Date;
}

/** The part of a pino logger that the procedures use. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Made once per process by `createDeps`. */
export interface Deps {
  db: Db;
  /** Between all processes. */
  events: Events;
  robin: RobinClient;
  /** Answers that are true for a while. Mutations drop what they change by the rules of the cache, not by hand. */
  cache: AnswerCache;
  clock: Clock;
  logger: Logger;
  accessTokens: AccessTokens;
  authenticator: Authenticator;
  /** What goes on in the background. */
  jobs: Pick<JobsInspector, "inspect">;
  loginGuard: LoginGuard;
  passwords: Passwords;
  health: HealthMonitor;
  scanners: ScannerConfig;
  /** Where alerts may be sent. */
  webhooks: WebhookPolicy;
  logs: LogReader;
  live: Live;
  /** Robin's configuration folder, when it is mounted. */
  configFolder: ConfigFolder | undefined;
  blocklist: BlocklistProjector;
  /** How long a refresh token lives when it is not used, in milliseconds. */
  refreshTokenLifetimeMs: number;
}

/** The refresh token's place with the caller: a cookie, which procedures set without knowing of HTTP. */
export interface RefreshCookie {
  readonly value: string | undefined;
  /** @throws AppError `precondition_failed` when the answer at hand cannot carry a cookie. */
  ensureWritable(): void;
  set(token: string, expiresAt: Date): void;
  clear(): void;
}

/** How the cache took part in an answer. */
export type CacheResult = "hit" | "miss" | "stale" | "coalesced";

/** What a request shows of itself to those who watch, filled in on its way. */
export interface RequestTrace {
  /** W3C trace context, handed on to Robin. */
  traceparent: string | undefined;
  /** Milliseconds that calls to Robin took, summed up. */
  upstreamMs: number;
  cache: CacheResult | undefined;
  /** What was answered with, when it is kept. Of a batch the last one. */
  answer?: KeptAnswer | undefined;
  /** How old a stale answer is. Of a batch the oldest one. */
  ageSeconds?: number | undefined;
}

/** Made for each request by the server that carries the procedures. */
export interface Context {
  deps: Deps;
  requestId: string;
  trace: RequestTrace;
  ipAddress: string;
  userAgent: string;
  /** Which adapter the call came by; REST hands over path parameters still percent-encoded. */
  road: "trpc" | "rest";
  /** Whether this road can carry an answer in parts, as a `Download` is. */
  streams: boolean;
  /** Aborted when the caller goes away. */
  signal: AbortSignal | undefined;
  /** On the clock of `performance.now()`: the answer has to be there by then. A mail that was long in coming moves it. */
  deadlineAt: () => number;
  refreshCookie: RefreshCookie;
  /** Who calls, when a valid access token came along. */
  principal: Principal | undefined;
  /** Why there is no principal although a token came along. */
  authenticationError: AppError | undefined;
  /** The access token or API key of the principal, for what lasts longer than a request. */
  credential: () => string;
}

/** Of a procedure that only signed-in callers reach. */
export type SignedInContext = Context & { principal: Principal };

/** Of a procedure that API keys cannot call. */
export type SessionContext = Context & { principal: Principal & { sessionId: string } };

/** For reads: ends with the request, when its time is up or the caller has gone. */
export function readOptions({ signal, deadlineAt, trace }: Context): CallOptions {
  return { signal, timeoutMs: remainingMs(deadlineAt()), ...tracedBy(trace) };
}

/** For changes: once begun they are seen through, so that nothing is half done because a browser was closed. */
export function changeOptions({ deadlineAt, trace }: Context): CallOptions {
  return { timeoutMs: remainingMs(deadlineAt()), ...tracedBy(trace) };
}

/** What watches a request hears of its calls to Robin. */
export function tracedBy(trace: RequestTrace): CallOptions {
  return {
    traceparent: trace.traceparent,
    onCall: ({ durationMs }) => {
      trace.upstreamMs += durationMs;
    },
  };
}

/** With less, Robin has no fair chance; its timeout would count as a failure, and five of those open the breaker. */
const remainingMsMin = 100;

/** @throws AppError `upstream_timeout` when a slow upload, say, has used up the time before Robin could be asked. */
function remainingMs(deadlineAt: number): number {
  const leftMs = Math.round(deadlineAt - performance.now());
  if (leftMs < remainingMsMin) {
    throw new AppError("upstream_timeout", "The time of the request was used up before Robin was asked.");
  }
  return leftMs;
}
