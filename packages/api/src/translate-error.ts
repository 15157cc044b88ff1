import { isDatabaseUnavailable } from "@robin/db";
import { isRobinError, isRobinInputError, type RobinError } from "@robin/sdk";
import { TRPCError } from "@trpc/server";
import { z } from "zod";
import { AppError, type AppErrorCode, errorCatalogue, type InputIssue } from "./errors.ts";

const codeByTrpcCode = new Map(
  (Object.keys(errorCatalogue) as AppErrorCode[]).map((code) => [errorCatalogue[code].trpcCode as string, code]),
);

/** The one translation of whatever was thrown into what a caller may see. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof TRPCError) return fromTrpcError(thrown);
  if (isRobinError(thrown)) return fromRobinError(thrown);
  if (isRobinInputError(thrown)) {
    const issue = { path: thrown.field, message: thrown.problem };
    return new AppError("invalid_input", "The input is not valid.", { cause: thrown, issues: [issue] });
  }
  if (isDatabaseUnavailable(thrown)) {
    return new AppError("unavailable", "The gateway's database does not answer. Try again in a moment.", {
      cause: thrown,
      retryAfterSeconds: 5,
    });
  }
  return internal(thrown);
}

/** Whether Robin failed, rather than refused; what it said before may be the best there is. */
export function isUpstreamFailure(thrown: unknown): boolean {
  const error = toAppError(thrown);
  if (error.code !== "upstream_rejected") return error.code.startsWith("upstream_");
  return isRobinError(error.cause) && (error.cause.status ?? 0) >= 500;
}

function internal(cause: unknown): AppError {
  return new AppError(
    "internal",
    "Something went wrong in the gateway. The request id leads to the cause in its log.",
    {
      cause,
    },
  );
}

function fromTrpcError(error: TRPCError): AppError {
  if (error.cause instanceof z.core.$ZodError && error.code === "BAD_REQUEST") {
    return new AppError("invalid_input", "The input is not valid.", { cause: error, issues: toIssues(error.cause) });
  }
  if (error.code === "INTERNAL_SERVER_ERROR") return error.cause ? toAppError(error.cause) : internal(error);
  if (error.code === "PARSE_ERROR")
    return new AppError("invalid_input", "The body is not valid JSON.", { cause: error });
  // What the parser says of an input quotes it, and with it perhaps a password.
  if (error.code === "BAD_REQUEST" && error.cause) {
    return new AppError("invalid_input", "The input cannot be read. Is it valid JSON?", { cause: error });
  }
  const code = codeByTrpcCode.get(error.code);
  // tRPC's own messages (unknown procedure, wrong method) name only what the caller sent.
  return code ? new AppError(code, error.message, { cause: error }) : internal(error);
}

function toIssues(error: z.core.$ZodError): InputIssue[] {
  return error.issues.map((issue) => ({ path: issue.path.map(String).join("."), message: issue.message }));
}

function fromRobinError(error: RobinError): AppError {
  const details = { cause: error, retryAfterSeconds: undefined as number | undefined };
  switch (error.kind) {
    case "http":
      return new AppError(
        "upstream_rejected",
        error.status === 401 || error.status === 403
          ? "Robin did not accept the gateway's credentials. Its administrator has to check them."
          : "Robin could not carry out the request.",
        details,
      );
    case "invalid-response":
      return new AppError("upstream_invalid", "Robin gave an answer that the gateway does not understand.", details);
    case "timeout":
      return error.busyWith === undefined
        ? new AppError("upstream_timeout", "Robin did not answer in time.", details)
        : new AppError(
            "upstream_timeout",
            `Robin is busy ${error.busyWith}, and answers nobody else meanwhile. Try again in a moment.`,
            { ...details, retryAfterSeconds: 10 },
          );
    case "network":
      return new AppError("upstream_unavailable", "Robin cannot be reached.", { ...details, retryAfterSeconds: 5 });
    case "circuit-open":
      return new AppError("upstream_unavailable", "Robin has been failing and is left alone for a moment.", {
        ...details,
        retryAfterSeconds: Math.max(1, Math.ceil((error.retryAfterMs ?? 1000) / 1000)),
      });
    case "overloaded":
      return new AppError("upstream_unavailable", "Too many requests are waiting for Robin.", {
        ...details,
        retryAfterSeconds: 1,
      });
    case "aborted":
      return new AppError("client_closed_request", "The request was given up.", details);
  }
}
