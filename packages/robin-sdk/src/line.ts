/** Thrown by `run` when the line is full. */
export class LineFullError extends Error {}

export interface Line {
  /**
   * Runs `work` when one of the slots is free. Waiting ends at once, giving the place in the line back, when `signal`
   * aborts (rejects with its reason). Rejects with LineFullError when too many wait already.
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Sends everyone who waits home; those who run go on. */
  rejectWaiting(error: () => Error): void;
}

/**
 * Bounded concurrency with a bounded first-come line. Cockatiel's bulkhead is not used because a caller who gave up
 * keeps a place in its line, and keeps waiting, until a slot is free.
 */
export function createLine(limits: { slots: number; waiting: number }): Line {
  let running = 0;
  const waiting = new Set<{ start: () => void; reject: (reason: Error) => void }>();

  function next(): void {
    const first = waiting.values().next();
    if (first.done) {
      running -= 1;
      return;
    }
    // The slot is handed over, so `running` stays as it is and nobody can slip in between.
    first.value.start();
  }

  function wait(signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(entry);
        signal.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => {
        entry.reject(signal.reason as Error);
      };
      const entry = {
        start: () => {
          leave();
          resolve();
        },
        reject: (reason: Error) => {
          leave();
          reject(reason);
        },
      };
      waiting.add(entry);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  return {
    async run(work, signal) {
      signal.throwIfAborted();
      if (running < limits.slots) running += 1;
      else if (waiting.size < limits.waiting) await wait(signal);
      else throw new LineFullError("the line is full");
      try {
        return await work();
      } finally {
        next();
      }
    },
    rejectWaiting(error) {
      for (const entry of [...waiting]) entry.reject(error());
    },
  };
}
