import { isRobinError, type RobinClient, type RobinError } from "@robin/sdk";
import type { BulkAction } from "./filter-sql.ts";

export type AskResult =
  /** Robin found and changed so many; it does not say which. */
  | { kind: "done"; count: number }
  /** Robin has certainly not heard of it. */
  | { kind: "not-sent" }
  /** Robin takes no such order from us, now or later. */
  | { kind: "refused"; reason: string }
  /** It may have taken effect, in whole or in part. */
  | { kind: "unknown"; reason: string };

/** Robin answers one request at a time; a batch may have to wait for a long list. */
const callTimeoutMs = 30_000;

const neverConnected = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

export async function askRobin(
  robin: RobinClient,
  action: BulkAction,
  items: readonly { uid: string }[],
): Promise<AskResult> {
  try {
    // Without the worker's signal: what was begun is seen through.
    const { count } = await robin.queue[action]({ uids: items.map(({ uid }) => uid) }, { timeoutMs: callTimeoutMs });
    return { kind: "done", count };
  } catch (error) {
    if (isRobinError(error)) return resultOf(error);
    throw error;
  }
}

function resultOf({ kind, status, cause }: RobinError): AskResult {
  if (kind === "circuit-open" || kind === "overloaded") return { kind: "not-sent" };
  if (kind === "network" && neverConnected.has((cause as { code?: string } | undefined)?.code ?? "")) {
    return { kind: "not-sent" };
  }
  if (kind === "http" && status !== undefined && status < 500) {
    return { kind: "refused", reason: `Robin refuses it with status ${status}.` };
  }
  return {
    kind: "unknown",
    reason: status === undefined ? "Robin did not answer." : `Robin answered with status ${status}.`,
  };
}
