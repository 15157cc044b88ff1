import { Prisma } from "./generated/client.ts";

/** Prisma's codes for a database that is away, refuses connections, or has none left. */
const unavailableCodes = new Set([
  "P1000",
  "P1001",
  "P1002",
  "P1003",
  "P1008",
  "P1010",
  "P1011",
  "P1017",
  "P2024",
  "P2028",
  "P2037",
]);

/** Codes of the socket, and SQLSTATE: 08 (connection), 53 (resources), 57P (shutting down, starting up), 57014 (too late). */
const unavailableCause = /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|08\w{3}|53\w{3}|57P\w{2}|57014)$/;

/** What `pg` says of a connection that broke or never came; these errors have no code. */
const unavailableMessages = new Set([
  "Connection terminated",
  "Connection terminated unexpectedly",
  "Connection terminated due to connection timeout",
  "Client has encountered a connection error and is not queryable",
  "Client was closed and is not queryable",
  "timeout exceeded when trying to connect",
  "timeout expired",
  "Query read timeout",
]);

/** True when the statement failed because the database cannot be reached, not because of the statement. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  if (error instanceof Prisma.PrismaClientKnownRequestError && unavailableCodes.has(error.code)) return true;
  if (error instanceof Error && unavailableMessages.has(error.message)) return true;
  return codesWithin(error).some((code) => unavailableCause.test(code));
}

/** The error's own code and those of what caused it, as Prisma's adapter and `pg` nest them. */
function codesWithin(error: unknown, depth = 0): string[] {
  if (typeof error !== "object" || error === null || depth > 5) return [];
  const { code, originalCode, cause, meta } = error as Record<string, unknown>;
  const driverError = (meta as Record<string, unknown> | undefined)?.driverAdapterError;
  const own = [code, originalCode].filter((value) => typeof value === "string");
  return [...own, ...codesWithin(cause, depth + 1), ...codesWithin(driverError, depth + 1)];
}

/** True when a row of the same key is there already. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === "P2002";
}
