import { isRobinError, isRobinInputError, type RobinError } from "@robin/sdk";
import { UnrecoverableError } from "bullmq";
import { z } from "zod";

/** Robin answers these differently some time later. */
const passingStatuses = new Set([408, 425, 429]);

function isPermanentRobinError({ kind, status }: RobinError): boolean {
  switch (kind) {
    case "http":
      return status !== undefined && status < 500 && !passingStatuses.has(status);
    case "invalid-response":
      return true;
    case "network":
    case "timeout":
    case "circuit-open":
    case "overloaded":
    case "aborted":
      return false;
  }
}

/** True when the same job would fail in the same way again. */
export function isPermanent(error: unknown): boolean {
  if (error instanceof z.core.$ZodError || isRobinInputError(error)) return true;
  return isRobinError(error) && isPermanentRobinError(error);
}

/** What BullMQ has to be told: an UnrecoverableError is not tried again, anything else is, with back-off. */
export function toJobError(error: unknown): Error {
  const problem = error instanceof Error ? error : new Error(String(error));
  if (!isPermanent(problem)) return problem;
  return Object.assign(new UnrecoverableError(problem.message), { cause: problem });
}
