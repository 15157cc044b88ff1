/** What a request counts for. */
export interface RequestCost {
  /** 0 for what has no limit. */
  cost: number;
  queueCost: number;
}

const free: RequestCost = { cost: 0, queueCost: 0 };
const one: RequestCost = { cost: 1, queueCost: 0 };
const oneOfQueue: RequestCost = { cost: 1, queueCost: 1 };

const healthPath = /^(?:\/api\/v1)?\/health(?:\/|$)/i;
const queuePath = /^(?:\/api\/v1)?\/queue(?:\/|$)/i;
const trpcPath = /^\/trpc\//i;

/** By its path alone: a tRPC batch names its procedures there, any other request is one. */
export function costOf(path: string): RequestCost {
  if (trpcPath.test(path)) return costOfCalls(path);
  if (queuePath.test(path)) return oneOfQueue;
  return healthPath.test(path) ? free : one;
}

/** tRPC takes for the names what comes after the last slash. */
function costOfCalls(path: string): RequestCost {
  const calls = decoded(path.slice(path.lastIndexOf("/") + 1)).split(",");
  const queueCost = calls.filter((name) => name.startsWith("queue.")).length;
  return { cost: calls.filter((name) => !name.startsWith("health.")).length, queueCost };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
