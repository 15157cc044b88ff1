/** Exactly one of the two. */
export type Limit = { atLeast: number } | { atMost: number };

/** What the gateway is asked for, by scenario and figure; the one place where these numbers are. */
export const asked: Record<string, Record<string, Limit>> = {
  "queue-hit": { "of bare node:http": { atLeast: 0.6 }, "of Express": { atLeast: 0.95 } },
  "trpc-hit": { "of bare node:http": { atLeast: 0.4 } },
  "health-hit": { "of bare node:http": { atLeast: 0.65 } },
  verify: { "of bare node:http": { atLeast: 0.5 } },
  miss: {
    "storage listing, 1 connection, p50": { atMost: 0.8 },
    "storage listing, 1 connection, p95": { atMost: 2 },
    "storage listing, 8 connections, p50": { atMost: 2 },
    "storage listing, 8 connections, p95": { atMost: 4 },
    "queue page, 1 connection, p50": { atMost: 0.8 },
    "queue page, 1 connection, p95": { atMost: 2 },
    "queue page, 8 connections, p50": { atMost: 2 },
    "queue page, 8 connections, p95": { atMost: 4 },
  },
  "cold-burst": { "clients without an answer": { atMost: 0 }, "Robin calls": { atMost: 1 } },
  logins: { "p99 with logins to without": { atMost: 2 } },
  start: { "wall clock": { atMost: 2 }, "CPU time": { atMost: 1.5 } },
  pollers: {
    "queue: Robin calls per TTL": { atMost: 2 },
    "health: Robin calls per TTL": { atMost: 2 },
    "answers other than 200": { atMost: 0 },
  },
  live: {
    "poll to the last client, most": { atMost: 1 },
    "clients without a message": { atMost: 0 },
    "RSS per idle client": { atMost: 25 },
    "Robin calls with all to with one": { atMost: 1.25 },
  },
  snapshot: {
    "RSS of the worker, growth": { atMost: 200 },
    "longest stretch of its event loop": { atMost: 100 },
  },
  bulk: { "items not deleted": { atMost: 0 }, "RSS of the worker, most": { atMost: 300 } },
  "black-hole": { "p99 without Robin to with": { atMost: 1.5 }, "answers other than 200": { atMost: 0 } },
  "breaker-open": { "p95 in the handler": { atMost: 1 } },
  memory: {
    "RSS idle": { atMost: 110 },
    "RSS under load, most": { atMost: 150 },
    "RSS under load, growth": { atMost: 1 },
  },
  "redis-killed": { "errors at the socket": { atMost: 0 }, "answers other than 200": { atMost: 0 } },
  "robin-faults": {
    "answers that are none of 200, 429, 502, 503, 504": { atMost: 0 },
    "errors at the socket": { atMost: 0 },
    "failures without a sentence": { atMost: 0 },
    "failures of the port that is well": { atMost: 0 },
    "failures after the fault": { atMost: 0 },
  },
  "worker-killed": { "answers other than 200": { atMost: 0 }, "lost beyond one per connection": { atMost: 0 } },
  sigterm: { "accepted requests lost": { atMost: 0 }, "answers other than 200": { atMost: 0 } },
  connections: {
    "answers other than 200 meanwhile": { atMost: 0 },
    "connections left open": { atMost: 0 },
    "not refused with a sentence when all are taken": { atMost: 0 },
  },
  "cache-flood": { "RSS growth in the last third": { atMost: 10 }, "hits other than 200": { atMost: 0 } },
};

export function meets(value: number, limit: Limit): boolean {
  return "atLeast" in limit ? value >= limit.atLeast : value <= limit.atMost;
}
