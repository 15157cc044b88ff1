import { createLocalEvents } from "@robin/events";
import { RobinError } from "@robin/sdk";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type AnswerCacheConfig, createAnswerCache } from "./answer-cache.ts";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const fiveSeconds = 5000;

function start(config: Partial<AnswerCacheConfig> = {}) {
  let ms = 1_000_000;
  const events = createLocalEvents(silent);
  const cache = createAnswerCache(
    { enabled: true, staleMs: 60_000, bytesMax: 1024 ** 2, ...config },
    {
      events,
      clock: { now: () => new Date(ms) },
      inputs: new Map([
        ["queue.list", z.strictObject({ page: z.coerce.number().default(1), state: z.string().optional() })],
      ]),
    },
  );
  let calls = 0;
  const give = () => Promise.resolve((calls += 1));
  return {
    cache,
    events,
    advance: (by: number) => (ms += by),
    calls: () => calls,
    read: (ask: (signal: AbortSignal) => Promise<unknown> = give, signal?: AbortSignal, key = "queue.list {}") =>
      cache.read({ procedure: "queue.list", key, base: key, ask, signal }),
  };
}

/** Answered by the test. */
function later() {
  let given: AbortSignal | undefined;
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const ask = (signal: AbortSignal) => {
    given = signal;
    signal.addEventListener("abort", () => {
      reject(new Error("given up"));
    });
    return promise;
  };
  return { ask, resolve, reject, signal: () => given };
}

const failed = { service: "client", endpoint: "/client/queue", message: "as the test wants" } as const;
const away = () => Promise.reject(new RobinError({ ...failed, kind: "network" }));

describe("an answer", () => {
  it("is asked for once by all who wait, and given to those who come while it is fresh", async () => {
    const { read, calls, advance } = start();
    expect(await Promise.all([read(), read()])).toMatchObject([
      { value: 1, result: "miss" },
      { value: 1, result: "coalesced" },
    ]);
    advance(fiveSeconds - 1);
    expect(await read()).toMatchObject({ value: 1, result: "hit" });
    advance(1);
    expect(await read()).toMatchObject({ value: 2, result: "miss" });
    expect(calls()).toBe(2);
  });

  it("is as old as its question, not as its arrival", async () => {
    const { read, advance } = start();
    const slow = later();
    const waiting = read(slow.ask);
    advance(fiveSeconds);
    slow.resolve("old");
    await waiting;
    expect(await read()).toMatchObject({ value: 1, result: "miss" });
  });

  it("is asked for anew when the clock was set back", async () => {
    const { read, advance } = start();
    await read();
    advance(-3_600_000);
    expect(await read()).toMatchObject({ value: 2, result: "miss" });
  });

  it("of an error is given to all who wait and kept for nobody", async () => {
    const { read } = start();
    const results = await Promise.allSettled([read(away), read()]);
    for (const result of results) expect(result.status).toBe("rejected");
    expect(await read()).toMatchObject({ value: 1, result: "miss" });
  });

  it("is kept only of what Robin could not bear to be asked for by each, when the cache is off", () => {
    const { cache } = start({ enabled: false });
    expect(cache.ruleOf("queue.list")).toBeUndefined();
    expect(cache.ruleOf("health.aggregate")).toBeDefined();
    expect(cache.ruleOf("constructor")).toBeUndefined();
  });
});

describe("those who wait", () => {
  it("are given it although the first has gone; when all have gone it is given up, for the next to ask anew", async () => {
    const { read } = start();
    const slow = later();
    const [first, second] = [new AbortController(), new AbortController()];
    const waiting = [read(slow.ask, first.signal), read(slow.ask, second.signal)];
    first.abort();
    expect(slow.signal()?.aborted).toBe(false);
    second.abort();
    expect(slow.signal()?.aborted).toBe(true);
    expect(await read()).toMatchObject({ value: 1, result: "miss" });
    for (const result of await Promise.allSettled(waiting)) expect(result.status).toBe("rejected");
    expect(await read()).toMatchObject({ value: 1, result: "hit" });
  });

  it("can do so without a question of their own, but not for what was asked before a change", async () => {
    const { cache, read } = start();
    const settled = () => cache.settled("queue.list", "queue.list {}");
    expect(settled()).toBeUndefined();
    const slow = later();
    const waiting = read(slow.ask);
    const settling = settled();
    slow.resolve("news");
    await settling;
    expect(cache.peek("queue.list {}")).toMatchObject({ answer: { value: "news" }, result: "hit" });
    await waiting;
    await cache.invalidate(["queue"]);
    const old = later();
    const outdated = read(old.ask);
    await cache.invalidate(["queue"]);
    expect(settled()).toBeUndefined();
    old.resolve("old");
    await outdated;
  });

  it("leave it there although they have gone since", async () => {
    const { read } = start();
    const gone = new AbortController();
    await read(undefined, gone.signal);
    gone.abort();
    expect(await read()).toMatchObject({ value: 1, result: "hit" });
  });
});

describe("invalidation", () => {
  it("drops what is under the tag, and leaves the rest", async () => {
    const { cache, read } = start();
    await read();
    await cache.invalidate(["storage"]);
    expect(await read()).toMatchObject({ result: "hit" });
    await cache.invalidate(["queue"]);
    expect(await read()).toMatchObject({ value: 2, result: "miss" });
  });

  it.each([
    [
      "another process says so",
      (events: ReturnType<typeof start>["events"]) => events.publish("cache.invalidate", { tags: ["queue"] }),
    ],
    [
      "the queue was seen to change",
      (events: ReturnType<typeof start>["events"]) => events.publish("queue.delta", { seq: 1 }),
    ],
  ])("follows when %s", async (_what, publish) => {
    const { events, read } = start();
    await read();
    await publish(events);
    expect(await read()).toMatchObject({ value: 2, result: "miss" });
  });

  it("keeps what was asked before a change from being stored after it, or given to who asks after it", async () => {
    const { cache, read } = start();
    const slow = later();
    const before = read(slow.ask);
    await cache.invalidate(["queue"]);
    expect(await read()).toMatchObject({ value: 1, result: "miss" });
    slow.resolve("from before");
    expect(await before).toMatchObject({ value: "from before", answer: undefined });
    expect(await read()).toMatchObject({ value: 1, result: "hit" });
  });

  it("of everything counts what it drops", async () => {
    const { cache, read } = start();
    await read();
    expect(await cache.clear()).toBe(1);
    expect(cache.status()).toMatchObject({ entries: 0, bytes: 0 });
    expect(await read()).toMatchObject({ result: "miss" });
  });
});

describe("a stale answer", () => {
  it("is given when Robin fails, with its age, until it is too old", async () => {
    const { cache, read, advance } = start();
    await read();
    advance(20_000);
    const stale = await read(away);
    expect(stale).toMatchObject({ value: 1, result: "stale" });
    expect(stale.answer && cache.ageSeconds(stale.answer)).toBe(20);
    advance(fiveSeconds + 60_000 - 20_000);
    await expect(read(away)).rejects.toThrow();
  });

  it("is given at once after a failure, while Robin is asked again behind the scenes now and then", async () => {
    const { cache, read, advance } = start();
    await read();
    advance(fiveSeconds);
    await read(away);
    expect(cache.peek("queue.list {}")).toMatchObject({ result: "stale" });
    advance(fiveSeconds);
    expect(cache.peek("queue.list {}")).toBeUndefined();
    const slow = later();
    expect(await read(slow.ask)).toMatchObject({ value: 1, result: "stale" });
    expect(cache.peek("queue.list {}")).toMatchObject({ result: "stale" });
    slow.resolve("news");
    await vi.waitFor(() => {
      expect(cache.peek("queue.list {}")).toMatchObject({ answer: { value: "news" }, result: "hit" });
    });
  });

  it("is given for one that is long in coming, which comes for the next although nobody waits", async () => {
    const { cache, read, advance } = start();
    await read();
    advance(fiveSeconds);
    const slow = later();
    const gone = new AbortController();
    expect(await read(slow.ask, gone.signal)).toMatchObject({ value: 1, result: "stale" });
    gone.abort();
    expect(slow.signal()?.aborted).toBe(false);
    expect(cache.peek("queue.list {}")).toMatchObject({ result: "stale" });
    slow.resolve("news");
    await vi.waitFor(() => {
      expect(cache.peek("queue.list {}")).toMatchObject({ answer: { value: "news" } });
    });
  });

  it("is not given for a slow one when it is from long ago", async () => {
    const { read, advance } = start();
    await read();
    advance(fiveSeconds + 10_000);
    const slow = later();
    const waiting = read(slow.ask);
    setTimeout(slow.resolve, 150, "news");
    expect(await waiting).toMatchObject({ value: "news", result: "miss" });
  });

  it("is given after a change only when Robin has failed since", async () => {
    const { cache, read } = start();
    await read();
    await cache.invalidate(["queue"]);
    expect(cache.peek("queue.list {}")).toBeUndefined();
    expect(await read(away)).toMatchObject({ value: 1, result: "stale" });
    expect(cache.peek("queue.list {}")).toMatchObject({ result: "stale" });
    await cache.invalidate(["queue"]);
    expect(cache.peek("queue.list {}")).toBeUndefined();
  });

  it("is not given for what Robin refuses", async () => {
    const { read, advance } = start();
    await read();
    advance(fiveSeconds);
    const refused = new RobinError({ ...failed, kind: "http", status: 404 });
    await expect(read(() => Promise.reject(refused))).rejects.toBe(refused);
  });
});

describe("bounds", () => {
  it("hold whatever keys are asked for, the latest answers staying", async () => {
    const { cache, read } = start({ bytesMax: 100_000 });
    const value = { text: "x".repeat(1000) };
    for (let page = 1; page <= 100; page += 1)
      await read(() => Promise.resolve(value), undefined, `queue.list ${page}`);
    const { entries, bytes } = cache.status();
    expect(bytes).toBeLessThanOrEqual(100_000);
    expect(entries).toBe(Math.floor(100_000 / (bytes / entries)));
    expect(cache.peek("queue.list 100")).toBeDefined();
    expect(cache.peek("queue.list 1")).toBeUndefined();
  });

  it("leave out an answer that would push out the others", async () => {
    const { cache, read } = start({ bytesMax: 100_000 });
    await read();
    const large = await read(() => Promise.resolve("x".repeat(30_000)), undefined, "queue.list large");
    expect(large).toMatchObject({ result: "miss", answer: undefined });
    expect(cache.status().entries).toBe(1);
  });
});

describe("keyOf", () => {
  it("is the same however an input is written, and another for another input", () => {
    const { cache } = start();
    const keyOf = (input: unknown) => cache.keyOf("queue.list", input);
    expect(keyOf({ page: "1", state: "DEAD" })).toBe(keyOf({ state: "DEAD", page: 1 }));
    expect(keyOf({ state: "DEAD" })).toBe(keyOf({ page: 1, state: "DEAD" }));
    expect(keyOf({ page: 2 })).not.toBe(keyOf({ page: 1 }));
  });

  it("is none for an input that would be refused, or without a procedure", () => {
    const { cache } = start();
    expect(cache.keyOf("queue.list", { page: 1, more: true })).toBeUndefined();
    expect(cache.keyOf("queue.none", {})).toBeUndefined();
  });
});
