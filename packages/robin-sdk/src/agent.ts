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

export interface RobinAgent {
  /**
   * Picks the connections for one exchange. `fresh` asks for a new connection that is closed afterwards: on a reused
   * one, Robin delays each answer above 8 kB by about 44 ms. Without it the kept-alive pool is used while it has room.
   */
  lease(service: RobinService, fresh: boolean): ConnectionLease;
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
  // Pipelining 0 makes undici send `Connection: close` and end the connection after the answer.
  const fresh = new Agent({ ...shared, connections: Math.min(freshPerPortMax, maxConnections), pipelining: 0 });
  const leased: Record<RobinService, number> = { client: 0, service: 0 };

  return {
    lease(service, wantsFresh) {
      if (wantsFresh || leased[service] >= keptAlivePerPort) return { dispatcher: fresh, release: () => undefined };
      leased[service] += 1;
      return {
        dispatcher: keptAlive,
        release: () => {
          leased[service] -= 1;
        },
      };
    },
    async close() {
      await Promise.all([keptAlive.close(), fresh.close()]);
    },
  };
}
