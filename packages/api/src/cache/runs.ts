/** A question that is on its way. */
export interface Run {
  value: Promise<unknown>;
  /** On the clock of `performance.now()`. */
  startedAt: number;
  /** Of what it asks for, when it was asked. */
  version: number;
  signal: AbortSignal;
  /** Rejects as the run does. Who leaves before its end takes it along if he was the last one. */
  join(signal: AbortSignal | undefined): Promise<unknown>;
  /** Goes on although nobody waits. */
  seeThrough(): void;
}

/** The questions that are on their way, each for all who ask meanwhile. */
export interface Runs {
  get(key: string): Run | undefined;
  /** Takes the place of one that asks for something older. */
  begin(key: string, version: number, ask: (signal: AbortSignal) => Promise<unknown>): Run;
}

export function createRuns(): Runs {
  const runs = new Map<string, Run>();

  function begin(key: string, version: number, ask: (signal: AbortSignal) => Promise<unknown>): Run {
    const controller = new AbortController();
    let waiting = 0;
    const forget = (): void => {
      if (runs.get(key) === run) runs.delete(key);
    };
    const value = ask(controller.signal);
    const run: Run = {
      value,
      startedAt: performance.now(),
      version,
      signal: controller.signal,
      join(signal) {
        waiting += 1;
        const leave = (): void => {
          waiting -= 1;
          if (waiting > 0) return;
          forget();
          controller.abort();
        };
        if (signal?.aborted) leave();
        else signal?.addEventListener("abort", leave, { once: true });
        return value.finally(() => {
          signal?.removeEventListener("abort", leave);
        });
      },
      seeThrough() {
        waiting = Infinity;
      },
    };
    runs.set(key, run);
    // First of all who wait, so that what is done with the value finds it gone.
    value.then(forget, forget);
    return run;
  }
  return { begin, get: (key) => runs.get(key) };
}
