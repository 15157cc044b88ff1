import type { PgPool, PgPoolClient, PgQueryResult } from "bullmq";
import pg from "pg";
import { setTimeout as delay } from "node:timers/promises";
import { isConnectionError } from "./connection-error.ts";

export interface PatientPool extends PgPool {
  readonly options: { readonly keepAlive: boolean };
  /** From now on a connection that cannot be made is an error again. */
  stopWaiting(): void;
}

/** BullMQ knows by this code that the connection failed and not the statement. It then waits and repeats. */
function asRefused(error: unknown): unknown {
  return error instanceof Error && isConnectionError(error) ? Object.assign(error, { code: "ECONNREFUSED" }) : error;
}

/**
 * A pool for workers that waits for a database that is away, as ioredis does. With a plain one BullMQ would take every
 * failure but a refused connection ("the database system is starting up", say) for a reason to try again at once,
 * thousands of times a second.
 */
export function createPatientPool(config: pg.PoolConfig): PatientPool {
  const pool = new pg.Pool(config);
  const stopped = new AbortController();
  // A connection that breaks while nobody listens would otherwise end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));

  async function connect(): Promise<pg.PoolClient> {
    const { signal } = stopped;
    for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 5000)) {
      try {
        return await pool.connect();
      } catch (error) {
        if (!signal.aborted) await delay(waitMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) throw asRefused(error);
      }
    }
  }

  return {
    options: { keepAlive: config.keepAlive ?? false },
    connect: connect as () => Promise<PgPoolClient>,
    query: async <Row>(text: string, params?: readonly unknown[]) => {
      const client = await connect();
      let broken = false;
      try {
        const result: PgQueryResult<unknown> = await client.query(text, params as unknown[]);
        return result as PgQueryResult<Row>;
      } catch (error) {
        broken = isConnectionError(error);
        throw asRefused(error);
      } finally {
        client.release(broken);
      }
    },
    end: () => pool.end(),
    on(event: string, listener: (argument: never) => void) {
      pool.on(event as "error", listener as (error: Error) => void);
      return this;
    },
    removeAllListeners(event?: string) {
      pool.removeAllListeners(event);
      return this;
    },
    stopWaiting: () => {
      stopped.abort();
    },
  };
}
