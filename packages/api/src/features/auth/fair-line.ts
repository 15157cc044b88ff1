import { AppError } from "../../errors.ts";

interface Waiting<Job, Result> {
  job: Job;
  signal: AbortSignal | undefined;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

export interface Turn {
  /** Those who wait take turns by this name, so that one who asks a lot keeps only itself waiting. */
  caller?: string;
  /** Whoever has gone gives up its place. */
  signal?: AbortSignal | undefined;
}

interface FairLineConfig<Job, Result> {
  /** In all, the one whose turn it is left out. */
  waitingMax: number;
  run: (job: Job) => Promise<Result>;
}

const retryAfterSeconds = 5;

/** Does one job after the other. The line is bounded: when it is full, whoever has the most in it loses the last of them. */
export function createFairLine<Job, Result>({ waitingMax, run }: FairLineConfig<Job, Result>) {
  /** By caller, in the order of their turns. */
  const lines = new Map<string, Waiting<Job, Result>[]>();
  let waiting = 0;
  let busy = false;

  function makeRoomFor(caller: string): boolean {
    const [longest = []] = [...lines.values()].sort((one, other) => other.length - one.length);
    if (longest.length <= (lines.get(caller)?.length ?? 0) + 1) return false;
    longest.pop()?.reject(tooMany());
    waiting -= 1;
    return true;
  }

  function takeNext(): Waiting<Job, Result> | undefined {
    for (const [caller, line] of lines) {
      lines.delete(caller);
      const next = line.shift();
      if (line.length > 0) lines.set(caller, line);
      if (!next) continue;
      waiting -= 1;
      if (!next.signal?.aborted) return next;
      next.reject(new AppError("client_closed_request", "The caller has gone."));
    }
    return undefined;
  }

  async function work(): Promise<void> {
    busy = true;
    for (let next = takeNext(); next; next = takeNext()) {
      await run(next.job).then(next.resolve, next.reject);
    }
    busy = false;
  }

  return {
    /** @throws AppError `rate_limited` when too many wait already. */
    add: (job: Job, { caller = "", signal }: Turn = {}): Promise<Result> => {
      if (waiting >= waitingMax && !makeRoomFor(caller)) return Promise.reject(tooMany());
      return new Promise((resolve, reject) => {
        const line = lines.get(caller) ?? [];
        line.push({ job, signal, resolve, reject });
        lines.set(caller, line);
        waiting += 1;
        if (!busy) void work();
      });
    },
  };
}

function tooMany(): AppError {
  const message = `Too many passwords wait to be checked. Try again in ${retryAfterSeconds} seconds.`;
  return new AppError("rate_limited", message, { retryAfterSeconds });
}
