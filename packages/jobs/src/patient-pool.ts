import pg from "pg";
import { setTimeout as delay } from "node:timers/promises";

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: boolean | Error) => void,
) => void;

/**
 * Waits for a database that is away, as ioredis does for a worker. Without it BullMQ would take every error but a refused
 * connection ("the database system is starting up", say) for a reason to try again at once, thousands of times a second.
 */
export class PatientPool extends pg.Pool {
  readonly #stopped = new AbortController();

  /** From now on a failing connection is an error again. */
  stopWaiting(): void {
    this.#stopped.abort();
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    const connected = this.#connectPatiently();
    if (!callback) return connected;
    connected.then(
      (client) => {
        callback(undefined, client, client.release.bind(client));
      },
      (error: unknown) => {
        callback(error as Error, undefined, () => undefined);
      },
    );
    return undefined;
  }

  async #connectPatiently(): Promise<pg.PoolClient> {
    for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 5000)) {
      try {
        return await super.connect();
      } catch (error) {
        const { signal } = this.#stopped;
        if (!signal.aborted) await delay(waitMs, undefined, { signal }).catch(() => undefined);
        // BullMQ knows an error that is only about the connection by this code.
        if (signal.aborted) throw Object.assign(error as Error, { code: "ECONNREFUSED" });
      }
    }
  }
}
