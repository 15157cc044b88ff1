import type { Deadline } from "./deadline.ts";
import { InvalidResponseError, isRobinError, RobinError, type RobinService } from "./errors.ts";
import { describeFailure } from "./failures.ts";

/** What an error tells about the call it ended: route patterns only, never a path with values or a URL. */
export interface Route {
  service: RobinService;
  method: string;
  endpoint: string;
}

export function named(route: Route): { service: RobinService; endpoint: string } {
  return { service: route.service, endpoint: route.endpoint };
}

export function invalidResponse(route: Route, problem: string, status: number, cause?: unknown): RobinError {
  const message = `${route.method} ${route.endpoint}: ${problem}`;
  return new RobinError({ ...named(route), kind: "invalid-response", status, message, cause });
}

export function httpError(route: Route, status: number, detail: string | undefined): RobinError {
  const message = `${route.method} ${route.endpoint}: Robin answered ${status}`;
  return new RobinError({ ...named(route), kind: "http", status, message, detail });
}

/** A stream that its reader cancelled. */
export function abandoned(route: Route): RobinError {
  const message = `${route.method} ${route.endpoint}: the body was not read to its end`;
  return new RobinError({ ...named(route), kind: "aborted", message });
}

export function translate(error: unknown, route: Route, deadline: Deadline): RobinError {
  if (isRobinError(error)) return error;
  const prefix = `${route.method} ${route.endpoint}`;
  if (error instanceof InvalidResponseError) {
    return new RobinError({ ...named(route), kind: "invalid-response", message: `${prefix}: ${error.message}` });
  }
  if (deadline.signal.aborted) {
    return deadline.expired()
      ? new RobinError({
          ...named(route),
          kind: "timeout",
          message: `${prefix}: no answer in ${deadline.timeoutMs} ms`,
        })
      : new RobinError({ ...named(route), kind: "aborted", message: `${prefix}: aborted by the caller` });
  }
  const { kind, message, cause } = describeFailure(error);
  return new RobinError({ ...named(route), kind, message: `${prefix}: ${message}`, cause });
}
