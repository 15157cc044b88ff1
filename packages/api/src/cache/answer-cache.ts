import type { Events } from "@robin/events";
import { LRUCache } from "lru-cache";
import type { z } from "zod";
import type { CacheResult, Clock } from "../context.ts";
import { isUpstreamFailure } from "../translate-error.ts";
import { answerKey } from "./answer-key.ts";
import { type CacheRule, cacheRules, type CacheTag, shortMs } from "./rules.ts";
import { createRuns, type Run } from "./runs.ts";
import { allTags, createVersions } from "./versions.ts";

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

/** Answers of procedures that are true for a while, kept in this process. ADR 0015. */
export interface AnswerCache {
  /** The rule by which this procedure's answers are kept, if they are. */
  ruleOf(procedure: string): CacheRule | undefined;
  /** Names an answer, but for who asks. Undefined for an input that the procedure refuses. */
  keyOf(procedure: string, rawInput: unknown): string | undefined;
  /** What can be given without asking anybody. */
  peek(key: string): { answer: KeptAnswer; result: "hit" | "stale" } | undefined;
  /** Resolves when the question that is on its way has been answered, or is long in coming; undefined when there is none. */
  settled(procedure: string, key: string): Promise<void> | undefined;
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

/** Robin is not waited for longer when there is an answer that was fresh a moment ago. */
const patienceMs = 100;
const momentMs = 10_000;
const retryMsMin = 1000;

/** The value as objects, its text and its compressed forms, by the length of its JSON. */
const bytesPerByte = 5;
const bytesPerEntry = 1024;

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
  const runs = createRuns();
  const versions = createVersions();
  const operations: CacheStatus["operations"] = {};

  const now = (): number => clock.now().getTime();
  const ruleOf = (procedure: string): CacheRule | undefined => {
    const rule = Object.hasOwn(cacheRules, procedure) ? cacheRules[procedure] : undefined;
    return enabled || rule?.always ? rule : undefined;
  };

  events.subscribe("cache.invalidate", ({ tags }) => {
    versions.outdate(tags);
  });
  events.subscribe("queue.delta", () => {
    versions.outdate(["queue" satisfies CacheTag]);
  });
  events.onGap(() => {
    versions.outdate([allTags]);
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
    const version = versions.of(entry.procedure);
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
    const askedAt = now();
    const run = runs.begin(key, versions.of(procedure), ask);
    run.value.then(
      (value) => {
        // What was read before a change may be what the change has changed.
        const isTrue = run.version === versions.of(procedure);
        if (isTrue && !run.signal.aborted) keep({ procedure, key, base, value }, askedAt);
      },
      (error: unknown) => {
        const entry = kept.peek(key);
        if (!entry || !isUpstreamFailure(error)) return;
        const ttlMs = ruleOf(procedure)?.ttlMs ?? 0;
        const retryAt = now() + Math.min(Math.max(ttlMs, retryMsMin), momentMs);
        entry.failure = { version: run.version, retryAt };
      },
    );
    return run;
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
      version: versions.of(procedure),
      bytes: json.length * bytesPerByte + bytesPerEntry + key.length * 2,
    });
  }

  async function read(question: Question): Promise<Answered> {
    const { procedure, key, signal } = question;
    const ready = peek(key);
    if (ready) return counted(procedure, { value: ready.answer.value, ...ready });

    const version = versions.of(procedure);
    const running = runs.get(key);
    const isJoined = running?.version === version;
    const run = isJoined ? running : begin(question);
    const at = now();
    const old = find(key, at);
    const stale = (answer: Entry): Answered => counted(procedure, { value: answer.value, result: "stale", answer });
    if (old?.failure?.version === version) {
      run.seeThrough();
      return stale(old);
    }
    const answered = run.join(signal);
    try {
      if (old && isFromAMomentAgo(old, at, version) && (await isSlow(answered))) {
        run.seeThrough();
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

  async function settle(run: Run): Promise<void> {
    // How it ends is for those who look then.
    await isSlow(run.value).catch(() => undefined);
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
    settled(procedure, key) {
      const run = runs.get(key);
      return run?.version === versions.of(procedure) ? settle(run) : undefined;
    },
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
