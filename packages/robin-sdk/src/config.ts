import type { RobinService } from "./errors.ts";
import type { BreakerState } from "./policies.ts";
import type { CallSpan, RobinCall } from "./transport.ts";

export type RobinAuth = { type: "basic"; username: string; password: string } | { type: "bearer"; token: string };

export interface RobinClientConfig {
  /** Robin's client API, port 8090 by default. The URL must not hold credentials; a path prefix is kept. */
  clientApi: { url: string; auth?: RobinAuth | undefined };
  /** Robin's service endpoint, port 8080 by default. */
  serviceApi: { url: string; auth?: RobinAuth | undefined };
  /** Calls per port at once, 8 by default: Robin accepts a backlog of 10 connections and drops the rest. */
  maxConnections?: number;
  /** Calls per port that may wait for their turn, 256 by default; one more is refused with kind `overloaded`. */
  maxWaiting?: number;
  /** Deadline of a call in milliseconds, 10 000 by default. */
  timeoutMs?: number;
  /** Largest answer that is read, in bytes, 32 MiB by default; more is kind `invalid-response`. */
  responseBytesMax?: number;
  /** Opens after `failureThreshold` (5) failures in a row, for `openMs` (30 000) milliseconds. */
  breaker?: { failureThreshold?: number; openMs?: number };
  /**
   * Robin sends one message at a time and serves nobody else meanwhile. `timeoutMs` (120 000) is for one message,
   * `maxWaiting` (8) messages wait for their turn, each for `waitMs` (30 000) at most.
   */
  sends?: { timeoutMs?: number; maxWaiting?: number; waitMs?: number };
  /**
   * Asked once per call, before it waits or is sent. What it throws is dropped.
   * @param call.parent the trace context that the caller gave.
   */
  startSpan?: (
    call: Pick<RobinCall, "service" | "endpoint" | "method"> & { parent: string | undefined },
  ) => CallSpan | undefined;
  /** Told once per call, when it has ended. What it throws is dropped. */
  onCall?: (call: RobinCall) => void;
  /** Told when a breaker changes its state. What it throws is dropped. */
  onBreakerChange?: (change: { service: RobinService; state: BreakerState }) => void;
}

/** Throws TypeError, without the value, for anything but an http(s) URL free of credentials, query and fragment. */
export function baseUrl(value: string): string {
  const url = URL.parse(value);
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new TypeError("A Robin URL must be an absolute http or https URL");
  }
  if (url.username || url.password) throw new TypeError("A Robin URL must not hold credentials, use `auth`");
  if (url.search || url.hash) throw new TypeError("A Robin URL must not have a query or a fragment");
  // Without the last slash: Robin takes the first segment after a double slash for a host name.
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** Robin compares scheme names with case and the rest as it is. Throws TypeError for what a header cannot carry. */
export function authorizationHeader(auth: RobinAuth | undefined): string | undefined {
  if (auth === undefined) return undefined;
  if (auth.type === "basic") {
    if (auth.username.includes(":")) throw new TypeError("A basic user name must not contain a colon");
    return `Basic ${Buffer.from(`${auth.username}:${auth.password}`, "utf8").toString("base64")}`;
  }
  if (!/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(auth.token)) {
    throw new TypeError("A bearer token must be printable ASCII without blanks around it");
  }
  return `Bearer ${auth.token}`;
}

/** Configuration with every default filled in. */
export interface RobinLimits {
  maxConnections: number;
  maxWaiting: number;
  timeoutMs: number;
  responseBytesMax: number;
  breaker: { failureThreshold: number; openMs: number };
  sends: { timeoutMs: number; maxWaiting: number; waitMs: number };
}

const millisecondsMax = 2 ** 31 - 1;

/** Throws RangeError for a limit under which no call could ever succeed. */
export function limitsOf(config: RobinClientConfig): RobinLimits {
  const { maxConnections = 8, maxWaiting = 256, timeoutMs = 10_000, responseBytesMax = 32 * 1024 * 1024 } = config;
  const { failureThreshold = 5, openMs = 30_000 } = config.breaker ?? {};
  const sends = { timeoutMs: 120_000, maxWaiting: 8, waitMs: 30_000, ...config.sends };
  requireInteger("maxConnections", maxConnections, 1);
  requireInteger("maxWaiting", maxWaiting, 0);
  requireInteger("timeoutMs", timeoutMs, 1, millisecondsMax);
  requireInteger("responseBytesMax", responseBytesMax, 1);
  requireInteger("breaker.failureThreshold", failureThreshold, 1);
  requireInteger("breaker.openMs", openMs, 0, millisecondsMax);
  requireInteger("sends.timeoutMs", sends.timeoutMs, 1, millisecondsMax);
  requireInteger("sends.maxWaiting", sends.maxWaiting, 0);
  requireInteger("sends.waitMs", sends.waitMs, 1, millisecondsMax);
  return { maxConnections, maxWaiting, timeoutMs, responseBytesMax, breaker: { failureThreshold, openMs }, sends };
}

function requireInteger(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be an integer from ${min} to ${max}`);
}
