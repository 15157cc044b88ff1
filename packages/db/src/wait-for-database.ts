import pg from "pg";
import { setTimeout as delay } from "node:timers/promises";

/** Codes of a server that is about to come up: not listening yet, name not known yet, or "the database system is starting up". */
const notYet = new Set(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "57P03"]);

/** host:port/database, without user and password. */
function describe(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    return "the given URL";
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if ("code" in error && typeof error.code === "string") return error.code;
  return error.message.includes("timeout") ? "ETIMEDOUT" : error.name;
}

const reasons: Record<string, string> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the host name cannot be looked up",
  ETIMEDOUT: "no answer in time",
  "57P03": "it is still starting up",
  "28P01": "user or password is wrong",
  "28000": "this user may not connect",
  "3D000": "there is no such database",
};

/** The message is one sentence for the operator, without user and password. */
export class DatabaseUnavailableError extends Error {
  override readonly name = "DatabaseUnavailableError";
}

/**
 * Connects, waiting up to `waitMs` for a server that is still starting. Throws DatabaseUnavailableError.
 */
export async function connectWhenUp(url: string, waitMs: number): Promise<pg.Client> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: Math.max(1000, Math.min(waitMs, 10_000)),
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      const code = codeOf(error);
      if (!notYet.has(code) || Date.now() >= deadline) {
        // No `cause`: errors of the driver may carry the connection string.
        throw new DatabaseUnavailableError(
          `The database at ${describe(url)} cannot be reached: ${reasons[code] ?? code}.`,
        );
      }
      await delay(Math.min(200, Math.max(1, deadline - Date.now())));
    }
  }
}
