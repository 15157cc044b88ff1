import { Agent, type Dispatcher } from "undici";
import type { RobinService } from "./errors.ts";

/** Per port, so that one Robin (two ports) stays within 100 connections, of which 20 are kept alive. */
const keptAlivePerPortMax = 10;
const freshPerPortMax = 40;

/** Robin closes idle connections after 30 to 40 s. Closing first avoids writing a POST into a dying one. */
const keepAliveTimeoutMs = 20_000;

/** The deadline of a call is shorter as a rule; this only ends attempts that nobody waits for any more. */
const connectTimeoutMs = 10_000;

export interface ConnectionLease {
  dispatcher: Dispatcher;
  release: () => void;
}

/**
 * - `pooled`: kept alive, while there is room
 * - `fresh`: a new one that Robin closes: on a reused one it delays each answer above 8 kB by about 44 ms
 * - `streamed`: a new one that we close. When Robin has closed it, undici takes an answer whose reader pauses at the
 *   very end for a broken one.
 */
export type ConnectionKind = "pooled" | "fresh" | "streamed";

export interface RobinAgent {
  /** Picks the connections for one exchange. */
  lease(service: RobinService, kind: ConnectionKind): ConnectionLease;
  close(): Promise<void>;
}

/** `maxConnections` is how many calls per port there are at once; no pool gets more connections than that. */
export function createRobinAgent(maxConnections: number): RobinAgent {
  const keptAlivePerPort = Math.min(keptAlivePerPortMax, maxConnections);
  // No undici timers on answers: the one deadline of a call reaches the socket through its signal.
  const shared = {
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect: { timeout: connectTimeoutMs },
  };
  const keptAlive = new Agent({
    ...shared,
    connections: keptAlivePerPort,
    pipelining: 1,
    keepAliveTimeout: keepAliveTimeoutMs,
    keepAliveMaxTimeout: keepAliveTimeoutMs,
  });
  const freshPerPort = Math.min(freshPerPortMax, maxConnections);
  // Pipelining 0 makes undici send `Connection: close` and end the connection after the answer.
  const fresh = new Agent({ ...shared, connections: freshPerPort, pipelining: 0 });
  const streamed = new Agent({
    ...shared,
    connections: freshPerPort,
    pipelining: 1,
    keepAliveTimeout: 1,
    keepAliveMaxTimeout: 1,
  });
  const leased: Record<RobinService, number> = { client: 0, service: 0 };

  return {
    lease(service, kind) {
      if (kind === "streamed") return { dispatcher: streamed, release: () => undefined };
      if (kind === "fresh" || leased[service] >= keptAlivePerPort)
        return { dispatcher: fresh, release: () => undefined };
      leased[service] += 1;
      return {
        dispatcher: keptAlive,
        release: () => {
          leased[service] -= 1;
        },
      };
    },
    async close() {
      await Promise.all([keptAlive.close(), fresh.close(), streamed.close()]);
    },
  };
}
