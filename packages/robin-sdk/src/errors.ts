/** Robin's two HTTP servers: `client` is the client API (8090), `service` the service endpoint (8080). */
export type RobinService = "client" | "service";

/**
 * Why a call failed:
 * - `http`: Robin answered with a status other than 2xx (its 401 and 403 included); see `status` and `detail`
 * - `network`: no answer, the connection was refused, reset or closed
 * - `timeout`: the deadline of the call passed, in our line or at Robin
 * - `circuit-open`: Robin failed repeatedly and is left alone; see `retryAfterMs`
 * - `overloaded`: our own line to this port is full
 * - `invalid-response`: an answer that is not what the route promises (the landing page, broken JSON, too many bytes)
 * - `aborted`: the caller's signal, or the client was closed
 */
export type RobinErrorKind =
  "http" | "network" | "timeout" | "circuit-open" | "overloaded" | "invalid-response" | "aborted";

/** What keeps Robin's one thread for long, as far as this process has asked for it. */
export type LongWork = "sending a message" | "searching its log";

export interface RobinErrorOptions {
  kind: RobinErrorKind;
  service: RobinService;
  /** Robin's route pattern, never with values in it. */
  endpoint: string;
  message: string;
  status?: number | undefined;
  retryAfterMs?: number | undefined;
  busyWith?: LongWork | undefined;
  detail?: string | undefined;
  cause?: unknown;
}

/** A failed call to Robin. The message is safe to log: it holds no URL, no credential and nothing Robin wrote. */
export class RobinError extends Error {
  // Fields that may be absent are declared only: a plain field would be there, as undefined.
  override readonly name = "RobinError";
  readonly kind: RobinErrorKind;
  readonly service: RobinService;
  /** Robin's route pattern, such as `/client/queue/list`. */
  readonly endpoint: string;
  /** HTTP status; set for kind `http`, and for `invalid-response` when there was a status. */
  declare readonly status?: number;
  /** Milliseconds until the breaker lets a trial through; set for kind `circuit-open`. */
  declare readonly retryAfterMs?: number;
  /** What we know Robin was doing instead; set for kind `timeout`, which then says nothing about its health. */
  declare readonly busyWith?: LongWork;
  /** Robin's own text, at most 2 kB, never HTML. Not for end users. */
  declare readonly detail?: string;

  constructor(options: RobinErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = options.kind;
    this.service = options.service;
    this.endpoint = options.endpoint;
    if (options.status !== undefined) this.status = options.status;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
    if (options.busyWith !== undefined) this.busyWith = options.busyWith;
    if (options.detail !== undefined) this.detail = options.detail;
  }
}

export function isRobinError(value: unknown): value is RobinError {
  return value instanceof RobinError;
}

/**
 * An argument that Robin would misread without saying so. Thrown before anything is sent.
 * `field` names the argument; the value is left out, it may be an address.
 */
export class RobinInputError extends TypeError {
  override readonly name = "RobinInputError";
  readonly field: string;
  /** What is wrong with it, for the person who gave it. */
  readonly problem: string;

  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.field = field;
    this.problem = problem;
  }
}

export function isRobinInputError(value: unknown): value is RobinInputError {
  return value instanceof RobinInputError;
}

/** Thrown by parsers; the transport turns it into a RobinError of kind `invalid-response`. */
export class InvalidResponseError extends Error {
  override readonly name = "InvalidResponseError";
}
