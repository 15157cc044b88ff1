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
  /** Before all who do not. */
  goesFirst?: boolean;
  /** Whoever has gone gives up its place. */
  signal?: AbortSignal | undefined;
}

interface FairLineConfig<Job, Result> {
  /** In all, the one whose turn it is left out. */
  waitingMax: number;
  run: (job: Job) => Promise<Result>;
}

const retryAfterSeconds = 5;

/** By caller, in the order of their turns. None of them is empty. */
type Lines<Job, Result> = Map<string, Waiting<Job, Result>[]>;

/**
 * Does one job after the other. The line is bounded: when it is full, whoever has the most in it loses the last of
 * them, and who goes first has the place of one who does not.
 */
export function createFairLine<Job, Result>({ waitingMax, run }: FairLineConfig<Job, Result>) {
  const first: Lines<Job, Result> = new Map();
  const others: Lines<Job, Result> = new Map();
  let waiting = 0;
  let busy = false;

  function makeRoomFor(caller: string, own: Lines<Job, Result>): boolean {
    const lines = own === first && others.size > 0 ? others : own;
    // Of several that are as long, the one whose turn is farthest.
    const [longest] = [...lines].reverse().sort(([, one], [, other]) => other.length - one.length);
    if (!longest) return false;
    const [loser, line] = longest;
    if (lines === own && line.length <= (own.get(caller)?.length ?? 0) + 1) return false;
    line.pop()?.reject(tooMany());
    if (line.length === 0) lines.delete(loser);
    waiting -= 1;
    return true;
  }

  function takeNext(): Waiting<Job, Result> | undefined {
    for (const lines of [first, others]) {
      for (const [caller, line] of lines) {
        lines.delete(caller);
        const next = line.shift();
        if (line.length > 0) lines.set(caller, line);
        waiting -= 1;
        if (!next?.signal?.aborted) return next;
        next.reject(new AppError("client_closed_request", "The caller has gone."));
      }
    }
    return undefined;
  }

  async function work(): Promise<void> {
    busy = true;
    for (let next = takeNext(); next; next = takeNext()) {
      try {
        next.resolve(await run(next.job));
      } catch (error) {
        next.reject(error);
      }
    }
    busy = false;
  }

  return {
    /** @throws AppError `rate_limited` when too many wait already. */
    add: (job: Job, { caller = "", goesFirst = false, signal }: Turn = {}): Promise<Result> => {
      const lines = goesFirst ? first : others;
      if (waiting >= waitingMax && !makeRoomFor(caller, lines)) return Promise.reject(tooMany());
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
