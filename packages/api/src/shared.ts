import type { Clock } from "./context.ts";

export interface SharedOptions {
  clock: Clock;
  /** How long a value counts as fresh, from the moment it was asked for. */
  freshMs: number;
  /** How many keys are kept. */
  keysMax?: number;
}

/**
 * Gives what is fresh under the key, or waits for `get`, which runs once for all who ask meanwhile; its signal is
 * aborted when all of them have gone. Who gives no signal of his own stays to the end.
 */
export type Shared<Value> = (
  key: string,
  get: (signal: AbortSignal) => Promise<Value>,
  signal?: AbortSignal,
) => Promise<Value>;

interface Entry<Value> {
  askedAt: number;
  value: Promise<Value>;
  waiting: number;
  controller: AbortController;
}

/** For what costs Robin much and is asked for by many. A failure is given to those who wait and not kept. */
export function createShared<Value>({ clock, freshMs, keysMax = 1 }: SharedOptions): Shared<Value> {
  const kept = new Map<string, Entry<Value>>();

  const forget = (key: string, entry: Entry<Value>): void => {
    if (kept.get(key) === entry) kept.delete(key);
  };

  function begin(key: string, askedAt: number, get: (signal: AbortSignal) => Promise<Value>): Entry<Value> {
    const controller = new AbortController();
    const entry = { askedAt, value: get(controller.signal), waiting: 0, controller };
    kept.delete(key);
    kept.set(key, entry);
    const [oldest] = kept.keys();
    if (kept.size > keysMax && oldest !== undefined) kept.delete(oldest);
    entry.value.catch(() => {
      forget(key, entry);
    });
    return entry;
  }

  return (key, get, signal) => {
    const now = clock.now().getTime();
    const known = kept.get(key);
    // The clock may be set back; without Math.abs a value would count as fresh until the clock has caught up.
    const entry = known && Math.abs(now - known.askedAt) < freshMs ? known : begin(key, now, get);
    entry.waiting += 1;
    const leave = (): void => {
      entry.waiting -= 1;
      if (entry.waiting > 0) return;
      forget(key, entry);
      entry.controller.abort();
    };
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
    const stay = (): void => {
      signal?.removeEventListener("abort", leave);
    };
    entry.value.then(stay, stay);
    return entry.value;
  };
}
