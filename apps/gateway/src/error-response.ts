import { AppError, type AppErrorCode, type Deps, errorBody, errorCatalogue, toAppError } from "@robin/api";
import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";

/** Writes an error in the one shape of REST and drop-in paths. */
export function sendError(res: Response, error: AppError): void {
  if (error.retryAfterSeconds !== undefined) res.setHeader("retry-after", error.retryAfterSeconds);
  const requestId = (res.locals as { requestId?: string }).requestId ?? "";
  res.status(error.httpStatus).setHeader("cache-control", "no-store").json(errorBody(error, requestId));
}

/** Logs what an adapter of tRPC failed at outside of procedures, which log their own failures. */
export function logDefect(logger: Deps["logger"], error: Error, req: Request): void {
  if (error.cause instanceof AppError) return;
  const { code, cause } = toAppError(error);
  const { requestId } = (req.res?.locals ?? {}) as { requestId?: string };
  if (code === "internal") logger.error({ err: cause, requestId }, "request failed");
}

/** Answers a method that this path does not take: OPTIONS with what it takes, the rest with 405. */
export function refuseMethod(req: Request, res: Response, methods: readonly string[]): void {
  res.setHeader("allow", [...methods, "OPTIONS"].join(", "));
  if (req.method === "OPTIONS") res.status(204).end();
  else sendError(res, new AppError("method_not_allowed", `This path takes ${methods.join(", ")}.`));
}

export const notFound: RequestHandler = (req, res) => {
  sendError(res, new AppError("not_found", `There is nothing at ${req.path.slice(0, 200)}.`));
};

/** The last stop of Express: what body parsers and middleware throw. */
export function errorHandler(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, _req, res, next) => {
    const error = fromHttpError(thrown) ?? toAppError(thrown);
    const requestId = (res.locals as { requestId?: string }).requestId;
    if (error.httpStatus === 500) logger.error({ err: error.cause ?? error, requestId }, "request failed");
    // Too late for a status: end the connection, so that the caller sees that the answer is not whole.
    if (res.headersSent) next(thrown);
    else sendError(res, error);
  };
}

const statusMessages: Partial<Record<number, string>> = {
  400: "The request cannot be read. Is the body valid JSON?",
  413: "The body is too large.",
  415: "The body has a content type, charset or encoding that is not read here.",
};

/** Body parsers throw errors with a status; their messages may quote the body, so they are not passed on. */
function fromHttpError(thrown: unknown): AppError | undefined {
  if (typeof thrown !== "object" || thrown === null || !("status" in thrown) || !("expose" in thrown)) return undefined;
  const { status } = thrown;
  const codes = Object.keys(errorCatalogue) as AppErrorCode[];
  const code = codes.find((candidate) => errorCatalogue[candidate].httpStatus === status);
  const message = typeof status === "number" ? statusMessages[status] : undefined;
  return code && message ? new AppError(code, message, { cause: thrown }) : undefined;
}
