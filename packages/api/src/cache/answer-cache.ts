import type { Events } from "@robin/events";
import { LRUCache } from "lru-cache";
import type { z } from "zod";
import type { CacheResult, Clock } from "../context.ts";
import { isUpstreamFailure } from "../translate-error.ts";
import { answerKey } from "./answer-key.ts";
import { type CacheRule, cacheRules, type CacheTag, shortMs } from "./rules.ts";

/** An answer that is kept. */
export interface KeptAnswer {
  readonly key: string;
  /** The key without what tells callers apart. */
  readonly base: string;
  /** Such as `queue.list`. */
  readonly procedure: string;
  readonly value: unknown;
  /** The value as REST sends it. */
  readonly json: Buffer;
  /** When it was asked for, in milliseconds since 1970. */
  readonly madeAt: number;
}

export interface Answered {
  value: unknown;
  result: CacheResult;
  /** Absent when the value was too large to be kept, or no longer true when it came. */
  answer: KeptAnswer | undefined;
}

/** One question, and how to have it answered by whoever knows. */
export interface Question {
  procedure: string;
  key: string;
  base: string;
  /** Of who asks: gone once it is aborted. Who gives none stays to the end. */
  signal: AbortSignal | undefined;
  /** Runs once for all who ask meanwhile; its signal is aborted when all of them have gone. */
  ask: (signal: AbortSignal) => Promise<unknown>;
}

export interface CacheStatus {
  enabled: boolean;
  entries: number;
  /** Estimated, all forms of the answers included. */
  bytes: number;
  bytesMax: number;
  operations: Record<string, Record<CacheResult, number>>;
}

/** Answers of procedures that are true for a while, kept in this process. ADR 0012. */
export interface AnswerCache {
  /** The rule by which this procedure's answers are kept, if they are. */
  ruleOf(procedure: string): CacheRule | undefined;
  /** Names an answer, but for who asks. Undefined for an input that the procedure refuses. */
  keyOf(procedure: string, rawInput: unknown): string | undefined;
  /** What can be given without asking anybody. */
  peek(key: string): { answer: KeptAnswer; result: "hit" | "stale" } | undefined;
  /** What is kept, or what `ask` gives. Rejects as `ask` does when there is nothing to fall back on. */
  read(question: Question): Promise<Answered>;
  /** Counts an answer of `peek` that was given. */
  count(procedure: string, result: CacheResult): void;
  /** Seconds since the answer was true. */
  ageSeconds(answer: KeptAnswer): number;
  /** What is kept under these tags is no longer true: in this process at once, in the others as soon as they hear of it. */
  invalidate(tags: readonly CacheTag[]): Promise<void>;
  /** Drops everything, in every process. Returns how many answers this one kept. */
  clear(): Promise<number>;
  status(): CacheStatus;
}

export interface AnswerCacheConfig {
  /** False leaves only what the rules keep always. */
  enabled: boolean;
  /** How old an answer may be when Robin fails. */
  staleMs: number;
  bytesMax: number;
}

interface AnswerCacheParts {
  events: Events;
  clock: Clock;
  /** What each procedure takes. */
  inputs: ReadonlyMap<string, z.core.$ZodType>;
}

interface Entry extends KeptAnswer {
  freshUntil: number;
  staleUntil: number;
  /** The sum of the versions of its tags when it was asked for; another one now means that it was invalidated since. */
  version: number;
  bytes: number;
  /** Robin failed when it was asked for this anew. */
  failure?: { version: number; retryAt: number };
}

interface Run {
  value: Promise<unknown>;
  /** On the clock of `performance.now()`. */
  startedAt: number;
  version: number;
  /** How many wait for it; it is seen through for its own sake when that is not finite. */
  waiting: number;
  controller: AbortController;
}

/** Robin is not waited for longer when there is an answer that was fresh a moment ago. */
const patienceMs = 100;
const momentMs = 10_000;
const retryMsMin = 1000;

/** The value as objects, its text and its compressed forms, by the length of its JSON. */
const bytesPerByte = 5;
const bytesPerEntry = 1024;

const allTags = "*";

export function createAnswerCache(
  { enabled, staleMs, bytesMax }: AnswerCacheConfig,
  { events, clock, inputs }: AnswerCacheParts,
): AnswerCache {
  const kept = new LRUCache<string, Entry>({
    maxSize: bytesMax,
    // One answer may not push out all others.
    maxEntrySize: Math.floor(bytesMax / 4),
    sizeCalculation: ({ bytes }) => bytes,
  });
  const runs = new Map<string, Run>();
  const changes = new Map<string, { count: number }>();
  const changesByProcedure = new Map<string, { count: number }[]>();
  const operations: CacheStatus["operations"] = {};

  const now = (): number => clock.now().getTime();
  const ruleOf = (procedure: string): CacheRule | undefined => {
    const rule = Object.hasOwn(cacheRules, procedure) ? cacheRules[procedure] : undefined;
    return enabled || rule?.always ? rule : undefined;
  };
  const changesOf = (tag: string): { count: number } => {
    let known = changes.get(tag);
    if (!known) changes.set(tag, (known = { count: 0 }));
    return known;
  };
  const versionOf = (procedure: string): number => {
    let counters = changesByProcedure.get(procedure);
    if (!counters) {
      counters = [allTags, ...(cacheRules[procedure]?.tags ?? [])].map(changesOf);
      changesByProcedure.set(procedure, counters);
    }
    let sum = 0;
    for (const { count } of counters) sum += count;
    return sum;
  };
  const outdate = (tags: readonly string[]): void => {
    for (const tag of tags) changesOf(tag).count += 1;
  };

  events.subscribe("cache.invalidate", ({ tags }) => {
    outdate(tags);
  });
  events.subscribe("queue.delta", () => {
    outdate(["queue" satisfies CacheTag]);
  });
  events.onGap(() => {
    outdate([allTags]);
  });

  /** What is there and could be given if need be. A clock that was set back makes everything old. */
  function find(key: string, at: number): Entry | undefined {
    const entry = kept.get(key);
    return entry && at >= entry.madeAt && at < entry.staleUntil ? entry : undefined;
  }

  function peek(key: string): ReturnType<AnswerCache["peek"]> {
    const at = now();
    const entry = find(key, at);
    if (!entry) return undefined;
    const version = versionOf(entry.procedure);
    if (at < entry.freshUntil && entry.version === version) return { answer: entry, result: "hit" };
    const run = runs.get(key);
    const isRunning = run?.version === version;
    if (entry.failure?.version === version) {
      return isRunning || at < entry.failure.retryAt ? { answer: entry, result: "stale" } : undefined;
    }
    const isSlow = isRunning && performance.now() - run.startedAt > patienceMs;
    return isSlow && isFromAMomentAgo(entry, at, version) ? { answer: entry, result: "stale" } : undefined;
  }

  function isFromAMomentAgo(entry: Entry, at: number, version: number): boolean {
    return entry.version === version && at < entry.freshUntil + momentMs;
  }

  function begin({ procedure, key, base, ask }: Question): Run {
    const controller = new AbortController();
    const askedAt = now();
    const version = versionOf(procedure);
    const run: Run = {
      value: ask(controller.signal),
      startedAt: performance.now(),
      version,
      waiting: 0,
      controller,
    };
    runs.set(key, run);
    run.value.then(
      (value) => {
        forget(key, run);
        // What was read before a change may be what the change has changed.
        if (!controller.signal.aborted && version === versionOf(procedure)) {
          keep({ procedure, key, base, value }, askedAt);
        }
      },
      (error: unknown) => {
        forget(key, run);
        const entry = kept.peek(key);
        if (!entry || !isUpstreamFailure(error)) return;
        const ttlMs = ruleOf(procedure)?.ttlMs ?? 0;
        entry.failure = { version, retryAt: now() + Math.min(Math.max(ttlMs, retryMsMin), momentMs) };
      },
    );
    return run;
  }

  function forget(key: string, run: Run): void {
    if (runs.get(key) === run) runs.delete(key);
  }

  function keep(made: Pick<KeptAnswer, "procedure" | "key" | "base" | "value">, askedAt: number): void {
    const { procedure, key, value } = made;
    const rule = ruleOf(procedure);
    if (!rule || value === undefined) return;
    const json = Buffer.from(JSON.stringify(value));
    const ttlMs = rule.isPoor?.(value as never) ? shortMs : rule.ttlMs;
    kept.set(key, {
      ...made,
      json,
      madeAt: askedAt,
      freshUntil: askedAt + ttlMs,
      staleUntil: askedAt + ttlMs + (enabled ? staleMs : 0),
      version: versionOf(procedure),
      bytes: json.length * bytesPerByte + bytesPerEntry + key.length * 2,
    });
  }

  /** Rejects as the run does. Who leaves before its end takes it along if he was the last one. */
  function wait(key: string, run: Run, signal: AbortSignal | undefined): Promise<unknown> {
    run.waiting += 1;
    const leave = (): void => {
      run.waiting -= 1;
      if (run.waiting > 0) return;
      forget(key, run);
      run.controller.abort();
    };
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
    return run.value.finally(() => {
      signal?.removeEventListener("abort", leave);
    });
  }

  async function read(question: Question): Promise<Answered> {
    const { procedure, key, signal } = question;
    const ready = peek(key);
    if (ready) return counted(procedure, { value: ready.answer.value, ...ready });

    const version = versionOf(procedure);
    const running = runs.get(key);
    const isJoined = running?.version === version;
    const run = isJoined ? running : begin(question);
    const at = now();
    const old = find(key, at);
    const stale = (answer: Entry): Answered => counted(procedure, { value: answer.value, result: "stale", answer });
    const seeThrough = (): void => {
      run.waiting = Infinity;
      run.value.catch(() => undefined);
    };
    if (old?.failure?.version === version) {
      seeThrough();
      return stale(old);
    }
    const answered = wait(key, run, signal);
    try {
      if (old && isFromAMomentAgo(old, at, version) && (await isSlow(answered))) {
        seeThrough();
        return stale(old);
      }
      const value = await answered;
      const answer = kept.peek(key);
      return counted(procedure, {
        value,
        result: isJoined ? "coalesced" : "miss",
        answer: answer?.value === value ? answer : undefined,
      });
    } catch (error) {
      if (old && isUpstreamFailure(error) && now() < old.staleUntil) return stale(old);
      throw error;
    }
  }

  function count(procedure: string, result: CacheResult): void {
    operations[procedure] ??= { hit: 0, miss: 0, stale: 0, coalesced: 0 };
    operations[procedure][result] += 1;
  }

  function counted(procedure: string, answered: Answered): Answered {
    count(procedure, answered.result);
    return answered;
  }

  return {
    ruleOf,
    keyOf(procedure, rawInput) {
      const schema = inputs.get(procedure);
      return schema && answerKey(procedure, schema, rawInput);
    },
    peek,
    read,
    count,
    ageSeconds: ({ madeAt }) => Math.max(0, Math.floor((now() - madeAt) / 1000)),
    async invalidate(tags) {
      // It tells this process first.
      if (tags.length > 0) await events.publish("cache.invalidate", { tags });
    },
    async clear() {
      const { size } = kept;
      kept.clear();
      await events.publish("cache.invalidate", { tags: [allTags] });
      return size;
    },
    status: () => ({ enabled, entries: kept.size, bytes: kept.calculatedSize, bytesMax, operations }),
  };
}

/** Whether this takes longer than one is patient. Rejects as it does. */
async function isSlow(answered: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, patienceMs, true);
  });
  return Promise.race([answered.then(() => false), late]).finally(() => {
    clearTimeout(timer);
  });
}
