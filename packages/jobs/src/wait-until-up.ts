import { setTimeout as delay } from "node:timers/promises";

/** Codes of a server that is about to come up: not listening yet, name not known yet, still starting. */
const notYet = new Set(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "57P03"]);

const reasons: Record<string, string> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "it closes the connection",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the host name cannot be looked up",
  ETIMEDOUT: "no answer in time",
  "57P03": "it is still starting up",
  "28P01": "user or password is wrong",
  "3D000": "there is no such database",
  NOAUTH: "it asks for a password",
  WRONGPASS: "user or password is wrong",
};

/** The queue's server cannot be reached. One sentence without user and password. */
export class JobsUnavailableError extends Error {
  override readonly name = "JobsUnavailableError";
}

/** The system's or server's code of a failed connection; Redis begins its messages with one. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  if (/timed? ?out|timeout/i.test(error.message)) return "ETIMEDOUT";
  return /^(NOAUTH|WRONGPASS)\b/.exec(error.message)?.[1];
}

/** host:port/path, without user and password. */
function describe(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname === "/" ? "" : pathname}`;
}

export interface WaitOptions {
  /** What is waited for, such as "Redis". */
  service: string;
  url: string;
  waitMs: number;
}

/**
 * Repeats `attempt` while the server is starting up, for at most `waitMs`.
 * @throws JobsUnavailableError when it does not come up, or at once when it refuses us.
 */
export async function waitUntilUp<T>(attempt: () => Promise<T>, { service, url, waitMs }: WaitOptions): Promise<T> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || !notYet.has(code) || Date.now() >= deadline) {
        const reason = code === undefined ? (error as Error).name : (reasons[code] ?? code);
        // No cause: drivers' errors may carry the URL with its password.
        throw new JobsUnavailableError(`${service} at ${describe(url)} cannot be reached: ${reason}.`);
      }
      await delay(Math.min(200, Math.max(1, deadline - Date.now())));
    }
  }
}
