/** Thrown by `run` when the line is full. */
export class LineFullError extends Error {}

/** Part of a line for work of one kind, so that it cannot take every slot and every place from the rest. */
export interface LaneLimits {
  slots: number;
  waiting: number;
}

export interface Line<L extends string = never> {
  /**
   * Runs `work` when one of the slots is free, and one of its lane's if it has one. Waiting ends at once, giving the
   * place in the line back, when `signal` aborts (rejects with its reason). Rejects with LineFullError when too many
   * wait already.
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal, lane?: L): Promise<T>;
  /** Sends everyone who waits home; those who run go on. */
  rejectWaiting(error: () => Error): void;
  load(): { running: number; waiting: number };
}

interface LaneLoad extends LaneLimits {
  running: number;
  inLine: number;
}

/**
 * Bounded concurrency with a bounded line: first come, first served, but for those whose lane is taken, whom others
 * pass. Cockatiel's bulkhead is not used because a caller who gave up keeps a place in its line, and keeps waiting,
 * until a slot is free.
 */
export function createLine<L extends string = never>(
  limits: { slots: number; waiting: number },
  laneLimits?: Record<L, LaneLimits>,
): Line<L> {
  const lanes = new Map<L | undefined, LaneLoad>();
  for (const [lane, { slots, waiting }] of Object.entries<LaneLimits>(laneLimits ?? {})) {
    lanes.set(lane as L, { slots, waiting, running: 0, inLine: 0 });
  }
  const waiting = new Set<{ lane: L | undefined; start: () => void; reject: (reason: Error) => void }>();
  let running = 0;

  function isFree(lane: L | undefined): boolean {
    const own = lanes.get(lane);
    return running < limits.slots && (!own || own.running < own.slots);
  }

  function isFull(lane: L | undefined): boolean {
    const own = lanes.get(lane);
    return waiting.size >= limits.waiting || (own !== undefined && own.inLine >= own.waiting);
  }

  function take(lane: L | undefined, slots: 1 | -1): void {
    running += slots;
    const own = lanes.get(lane);
    if (own) own.running += slots;
  }

  /** Starts those who may, at once, so that nobody can slip in between. */
  function next(): void {
    for (const entry of waiting) {
      if (running >= limits.slots) return;
      if (isFree(entry.lane)) entry.start();
    }
  }

  function wait(lane: L | undefined, signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const own = lanes.get(lane);
      const leave = (): void => {
        waiting.delete(entry);
        if (own) own.inLine -= 1;
        signal.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => {
        entry.reject(signal.reason as Error);
      };
      const entry = {
        lane,
        start: () => {
          leave();
          take(lane, 1);
          resolve();
        },
        reject: (reason: Error) => {
          leave();
          reject(reason);
        },
      };
      waiting.add(entry);
      if (own) own.inLine += 1;
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  return {
    async run(work, signal, lane) {
      signal.throwIfAborted();
      if (isFree(lane)) take(lane, 1);
      else if (!isFull(lane)) await wait(lane, signal);
      else throw new LineFullError("the line is full");
      try {
        return await work();
      } finally {
        take(lane, -1);
        next();
      }
    },
    rejectWaiting(error) {
      for (const entry of [...waiting]) entry.reject(error());
    },
    load: () => ({ running, waiting: waiting.size }),
  };
}
