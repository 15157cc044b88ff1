import type { TRPC_ERROR_CODE_KEY } from "@trpc/server/rpc";

interface CatalogueEntry {
  trpcCode: TRPC_ERROR_CODE_KEY;
  httpStatus: number;
  /** The HTTP reason phrase, sent as `error`. */
  reason: string;
  when: string;
}

/** Every error a caller can meet. Both roads, tRPC and REST, take their status from here. */
export const errorCatalogue = {
  invalid_input: {
    trpcCode: "BAD_REQUEST",
    httpStatus: 400,
    reason: "Bad Request",
    when: "The request cannot be read, or a field is wrong; `issues` names the fields.",
  },
  unauthenticated: {
    trpcCode: "UNAUTHORIZED",
    httpStatus: 401,
    reason: "Unauthorized",
    when: "No access token, or one that is expired, revoked or not ours; at sign-in, wrong credentials.",
  },
  forbidden: {
    trpcCode: "FORBIDDEN",
    httpStatus: 403,
    reason: "Forbidden",
    when: "The caller is signed in but lacks the permission.",
  },
  not_found: {
    trpcCode: "NOT_FOUND",
    httpStatus: 404,
    reason: "Not Found",
    when: "There is no such path or thing, or the caller may not know of it.",
  },
  method_not_allowed: {
    trpcCode: "METHOD_NOT_SUPPORTED",
    httpStatus: 405,
    reason: "Method Not Allowed",
    when: "The path exists, with other methods; `Allow` lists them.",
  },
  conflict: {
    trpcCode: "CONFLICT",
    httpStatus: 409,
    reason: "Conflict",
    when: "The state of the thing does not allow it.",
  },
  precondition_failed: {
    trpcCode: "PRECONDITION_FAILED",
    httpStatus: 412,
    reason: "Precondition Failed",
    when: "The thing changed since the caller read it.",
  },
  payload_too_large: {
    trpcCode: "PAYLOAD_TOO_LARGE",
    httpStatus: 413,
    reason: "Content Too Large",
    when: "The body is larger than BODY_LIMIT, or a mail larger than 25 MB.",
  },
  unsupported_media_type: {
    trpcCode: "UNSUPPORTED_MEDIA_TYPE",
    httpStatus: 415,
    reason: "Unsupported Media Type",
    when: "The body has a content type that the path does not read.",
  },
  rate_limited: {
    trpcCode: "TOO_MANY_REQUESTS",
    httpStatus: 429,
    reason: "Too Many Requests",
    when: "A limit is used up; `Retry-After` says for how long.",
  },
  client_closed_request: {
    trpcCode: "CLIENT_CLOSED_REQUEST",
    httpStatus: 499,
    reason: "Client Closed Request",
    when: "The caller went away before the answer; only logs show it.",
  },
  internal: {
    trpcCode: "INTERNAL_SERVER_ERROR",
    httpStatus: 500,
    reason: "Internal Server Error",
    when: "A defect of the gateway; the log has the cause under the request id.",
  },
  not_implemented: {
    trpcCode: "NOT_IMPLEMENTED",
    httpStatus: 501,
    reason: "Not Implemented",
    when: "Robin, or this installation, has no way to do it; the message says why.",
  },
  upstream_rejected: {
    trpcCode: "BAD_GATEWAY",
    httpStatus: 502,
    reason: "Bad Gateway",
    when: "Robin refused the gateway's call: its credentials or a request that Robin cannot serve.",
  },
  upstream_invalid: {
    trpcCode: "BAD_GATEWAY",
    httpStatus: 502,
    reason: "Bad Gateway",
    when: "Robin answered something that its interface does not allow.",
  },
  upstream_unavailable: {
    trpcCode: "SERVICE_UNAVAILABLE",
    httpStatus: 503,
    reason: "Service Unavailable",
    when: "Robin cannot be reached, or too many calls wait for it; `Retry-After` says when to try again.",
  },
  unavailable: {
    trpcCode: "SERVICE_UNAVAILABLE",
    httpStatus: 503,
    reason: "Service Unavailable",
    when: "The gateway's database does not answer, so that a change may or may not have happened; or it has too many connections, or watchers.",
  },
  upstream_timeout: {
    trpcCode: "GATEWAY_TIMEOUT",
    httpStatus: 504,
    reason: "Gateway Timeout",
    when: "Robin did not answer within the deadline. A change may or may not have happened.",
  },
} as const satisfies Record<string, CatalogueEntry>;

export type AppErrorCode = keyof typeof errorCatalogue;

/** How a call to Robin can end. */
export const robinErrors = [
  "upstream_rejected",
  "upstream_invalid",
  "upstream_unavailable",
  "upstream_timeout",
] as const satisfies readonly AppErrorCode[];

/** How it can end to ask for what lasts. */
export const watchErrors = ["rate_limited"] as const satisfies readonly AppErrorCode[];

/** One wrong field: `path` in dots, empty for the whole input. */
export interface InputIssue {
  path: string;
  message: string;
}

interface AppErrorDetails {
  cause?: unknown;
  issues?: readonly InputIssue[] | undefined;
  /** Seconds after which a repeat makes sense; becomes `Retry-After`. */
  retryAfterSeconds?: number | undefined;
}

/** An error whose message is meant for the caller. What is not, goes into `cause` and from there only to the log. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: AppErrorCode;
  readonly publicMessage: string;
  readonly issues: readonly InputIssue[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: AppErrorCode, publicMessage: string, details: AppErrorDetails = {}) {
    super(publicMessage, { cause: details.cause });
    this.code = code;
    this.publicMessage = publicMessage;
    this.issues = details.issues;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  get httpStatus(): number {
    return errorCatalogue[this.code].httpStatus;
  }
}

/** The body of every error on REST and drop-in paths. */
export interface ErrorBody {
  error: string;
  code: AppErrorCode;
  message: string;
  requestId: string;
  issues?: readonly InputIssue[];
}

export function errorBody(error: AppError, requestId: string): ErrorBody {
  return {
    error: errorCatalogue[error.code].reason,
    code: error.code,
    message: error.publicMessage,
    requestId,
    ...(error.issues && { issues: error.issues }),
  };
}
