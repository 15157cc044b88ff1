import type { LongWork } from "./errors.ts";

/** One call to a port. */
export interface LongWorkWatch {
  /** The long work of other calls that ran at some time while this one did. */
  others(): LongWork | undefined;
  end(): void;
}

export interface LongWorkKeeper {
  /** What runs now. */
  now(): LongWork | undefined;
  /** A call begins, with the long work that it is, if any. */
  begin(work: LongWork | undefined): LongWorkWatch;
}

/** Knows what keeps one port of Robin busy, so that those who wait in vain can be told, and prove nothing. */
export function createLongWork(): LongWorkKeeper {
  const running = new Set<{ work: LongWork }>();
  let lastEnd: { work: LongWork; at: number } | undefined;

  return {
    now: () => running.values().next().value?.work,
    begin(work) {
      const startedAt = performance.now();
      const own = work && { work };
      if (own) running.add(own);
      return {
        others() {
          for (const each of running) if (each !== own) return each.work;
          return lastEnd && lastEnd.at >= startedAt ? lastEnd.work : undefined;
        },
        end() {
          if (!own) return;
          running.delete(own);
          lastEnd = { work: own.work, at: performance.now() };
        },
      };
    },
  };
}
