import type { Principal } from "@robin/api";
import { testRedisUrl } from "@robin/db/testing";
import { Redis } from "ioredis";
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { findOnPath } from "../../../tooling/vitest/find-on-path.ts";
import { startRedis } from "../../../tooling/vitest/redis.ts";
import { createLimits, type Limits, type LimitsConfig } from "../src/limits/create-limits.ts";
import type { LimitedRequest } from "../src/limits/limiter.ts";
import { type PortProxy, startPortProxy } from "./port-proxy.ts";

const usual: LimitsConfig = {
  anonymousPerMinute: 100,
  userPerMinute: 600,
  queuePerMinute: 100,
  loginPerMinute: 5,
  loginAddressPerMinute: 30,
};
const anna: Principal = { userId: 7, username: "anna@example.test", roles: [], permissions: [], sessionId: "s" };
const someone: LimitedRequest = { principal: undefined, address: "203.0.113.9", isQueue: false, cost: 1 };
const asAnna: LimitedRequest = { ...someone, principal: anna };

let redis: Redis;
let proxy: PortProxy;
const opened: Limits[] = [];
beforeAll(async () => {
  redis = new Redis(testRedisUrl());
  proxy = await startPortProxy(Number(new URL(testRedisUrl()).port));
});
afterEach(async () => {
  proxy.restore();
  await Promise.all(opened.splice(0).map((limits) => limits.close()));
});
afterAll(async () => {
  await proxy.close();
  redis.disconnect();
});

interface ProcessOptions {
  url?: string;
  prefix: string;
  config?: Partial<LimitsConfig>;
}

/** The limits of one process of several. Resolves when Redis has answered it. */
async function startProcess({ url = testRedisUrl(), prefix, config = {} }: ProcessOptions) {
  let nowMs = 1_000_000;
  const said: string[] = [];
  const say = (_fields: object, message: string) => void said.push(message);
  const limits = createLimits(
    { ...usual, ...config },
    {
      redisUrl: url,
      prefix,
      logger: { info: say, warn: say, error: say },
      onExceeded: () => undefined,
      clock: { now: () => new Date(nowMs) },
    },
  );
  opened.push(limits);
  const { limiter, loginGuard } = limits;
  await vi.waitUntil(() => said.includes("limits are counted in Redis"));
  /** How many of `times`, all at once, are let through. */
  const allowed = async (request: LimitedRequest, times: number) => {
    const verdicts = await Promise.all(Array.from({ length: times }, () => limiter.take(request)));
    return verdicts.filter((verdict) => verdict.allowed).length;
  };
  /** An attempt to sign in that fails: seconds to wait when it is refused. */
  const failToLogIn = async (username: string, ipAddress = "203.0.113.9") => {
    const answer = await loginGuard.admit({ username, ipAddress, signal: undefined });
    if ("refusal" in answer) return answer.refusal.retryAfterSeconds;
    await answer.failed();
    return "failed";
  };
  const logIn = async (username: string, ipAddress = "203.0.113.9") => {
    const answer = await loginGuard.admit({ username, ipAddress, signal: undefined });
    if ("refusal" in answer) return answer.refusal.retryAfterSeconds;
    await answer.succeeded();
    return "signed in";
  };
  return { limiter, loginGuard, allowed, failToLogIn, logIn, said, advance: (ms: number) => void (nowMs += ms) };
}

const newPrefix = () => `test-${randomUUID()}`;

describe("processes with one Redis", () => {
  it("together never allow more than the limit, and at most a share for each other process less", async () => {
    const prefix = newPrefix();
    const processes = [await startProcess({ prefix }), await startProcess({ prefix }), await startProcess({ prefix })];
    // Unevenly and at once.
    const rounds = await Promise.all(processes.map(({ allowed }, index) => allowed(someone, 30 + index * 40)));
    const later = await Promise.all(processes.map(({ allowed }) => allowed(someone, 50)));
    const total = [...rounds, ...later].reduce((sum, count) => sum + count, 0);
    expect(total).toBe(100);
    const byOne = await startProcess({ prefix: newPrefix() });
    expect(await byOne.allowed(someone, 150)).toBe(100);
  });

  it("leave at most a share unused with a process that the caller has left", async () => {
    const prefix = newPrefix();
    const [first, second] = [await startProcess({ prefix }), await startProcess({ prefix })];
    expect(await first.allowed(someone, 1)).toBe(1);
    // 100 less one share of 5.
    expect(await second.allowed(someone, 150)).toBe(95);
    expect(await first.allowed(someone, 150)).toBe(4);
  });

  it("count batches and the queue together, in whole", async () => {
    const prefix = newPrefix();
    const processes = [await startProcess({ prefix }), await startProcess({ prefix })];
    const batch = { ...asAnna, isQueue: true, cost: 20, queueCost: 20 };
    const counts = await Promise.all(processes.map(({ allowed }) => allowed(batch, 10)));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(5);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(4);
    const rest = await Promise.all(processes.map(({ allowed }) => allowed({ ...asAnna, cost: 20 }, 50)));
    expect(rest.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(30);
  });

  it("begin a new window when Redis has let go of the old one", async () => {
    const prefix = newPrefix();
    const one = await startProcess({ prefix });
    expect(await one.allowed(someone, 150)).toBe(100);
    const key = `${prefix}:limit:anonymous:203.0.113.9`;
    expect(await redis.pttl(key)).toBeGreaterThan(50_000);
    await redis.del(key);
    one.advance(60_000);
    expect(await one.allowed(someone, 150)).toBe(100);
  });

  it("limit sign-ins exactly, whichever process is asked", async () => {
    const prefix = newPrefix();
    const config = { loginPerMinute: 5 };
    const [first, second] = [await startProcess({ prefix, config }), await startProcess({ prefix, config })];
    const processes = [first, second, first, second, first, second, first];
    const ends: unknown[] = [];
    for (const { logIn } of processes) ends.push(await logIn("anna"));
    expect(ends).toEqual([...Array<string>(5).fill("signed in"), 60, 60]);
  });

  it("delay an address that fails, and remember from where an account was signed in to, together", async () => {
    const prefix = newPrefix();
    const config = { loginPerMinute: 100 };
    const [first, second] = [await startProcess({ prefix, config }), await startProcess({ prefix, config })];
    const ends = [await first.failToLogIn("anna"), await second.failToLogIn("anna"), await first.failToLogIn("anna")];
    expect(ends).toEqual(["failed", "failed", "failed"]);
    expect([await second.logIn("anna"), await second.logIn("anna", "198.51.100.1")]).toEqual([1, "signed in"]);
    // From the tenth failure on strangers wait.
    for (let time = 1; time <= 7; time += 1) await second.failToLogIn("anna", `192.0.2.${time}`);
    const third = await startProcess({ prefix, config });
    const ended: string[] = [];
    await Promise.all([
      third.logIn("anna", "192.0.2.99").then(() => ended.push("a stranger")),
      third.logIn("anna", "198.51.100.1").then(() => ended.push("who is known")),
    ]);
    expect(ended).toEqual(["who is known", "a stranger"]);
  });
});

describe("round trips", () => {
  it("are one for a share of requests, none for what is refused, and one for a crowd", async () => {
    const prefix = newPrefix();
    const one = await startProcess({ prefix });
    const asks = async (run: () => Promise<unknown>) => {
      const calls = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info("commandstats"))?.[1] ?? 0);
      const before = await calls();
      await run();
      return (await calls()) - before;
    };
    await one.limiter.take(asAnna);
    expect(one.limiter.takeNow(asAnna)).toMatchObject({ allowed: true, limit: "user" });
    // 600 a minute, 30 at a time: 28 are left of the first share.
    const requests = async (times: number) => {
      for (let time = 1; time <= times; time += 1) await one.limiter.take(asAnna);
    };
    expect(await asks(() => requests(28))).toBe(0);
    expect(one.limiter.takeNow(asAnna)).toBeUndefined();
    expect(await asks(() => requests(60))).toBe(2);
    expect(await asks(() => one.allowed({ ...asAnna, principal: { ...anna, userId: 8 } }, 500))).toBe(1);
    await one.allowed(someone, 100);
    expect(await asks(() => one.allowed(someone, 500))).toBe(0);
  });
});

describe("a Redis that fails", () => {
  const throughProxy = () => `redis://127.0.0.1:${proxy.port}`;

  it.each([
    ["is cut off", "cut"],
    ["accepts and does not answer", "stall"],
  ] as const)(
    "and %s keeps nobody waiting: the process counts on by itself, and in Redis when it is back",
    async (_how, fail) => {
      const prefix = newPrefix();
      const [one, other] = [await startProcess({ url: throughProxy(), prefix }), await startProcess({ prefix })];
      expect(await one.allowed(someone, 60)).toBe(60);
      proxy[fail]();
      const startedAt = performance.now();
      // What is known to be used counts on; the other process still sees what was taken before.
      expect(await one.allowed(someone, 100)).toBe(40);
      expect(await one.allowed({ ...someone, address: "192.0.2.1" }, 150)).toBe(100);
      for (let address = 1; address <= 50; address += 1) {
        expect(await one.allowed({ ...someone, address: `198.51.100.${address}` }, 1)).toBe(1);
      }
      expect(await one.failToLogIn("anna")).toBe("failed");
      expect(performance.now() - startedAt).toBeLessThan(2000);
      expect(await other.allowed(someone, 100)).toBe(40);
      expect(one.said).toContain("Redis does not answer: each process counts limits for itself");

      one.said.length = 0;
      proxy.restore();
      await vi.waitUntil(() => one.said.includes("limits are counted in Redis"), { timeout: 10_000 });
      expect(await one.allowed({ ...someone, address: "192.0.2.2" }, 60)).toBe(60);
      expect(await other.allowed({ ...someone, address: "192.0.2.2" }, 100)).toBe(40);
    },
  );

  it("and is not there at the start is told of once, and not waited for", async () => {
    const said: string[] = [];
    const say = (_fields: object, message: string) => void said.push(message);
    proxy.cut();
    const logger = { info: say, warn: say, error: say };
    const limits = createLimits(usual, { redisUrl: throughProxy(), logger, onExceeded: () => undefined });
    opened.push(limits);
    expect(limits.limiter.takeNow(someone)).toMatchObject({ allowed: true });
    await vi.waitUntil(() => said.length > 0);
    expect(said).toEqual(["Redis does not answer: each process counts limits for itself"]);
    proxy.restore();
    await vi.waitUntil(() => said.length > 1, { timeout: 10_000 });
    expect(said).toEqual([expect.any(String), "limits are counted in Redis"]);
  });

  it("and is killed and comes back empty under requests: no error, and limits hold again", async () => {
    const binary = findOnPath("redis-server") ?? "";
    const first = await startRedis(binary);
    const port = Number(new URL(first.url).port);
    const one = await startProcess({ url: first.url, prefix: "x" });
    let asked = 0;
    const end = new AbortController();
    const traffic = (async () => {
      while (!end.signal.aborted) {
        const verdict = await one.limiter.take({ ...someone, address: `10.0.${asked >> 8}.${asked & 255}` });
        expect(verdict.allowed).toBe(true);
        asked += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const untilAsked = (count: number) => vi.waitUntil(() => asked >= count);
    await untilAsked(100);
    await first.stop();
    await untilAsked(asked + 100);
    one.said.length = 0;
    const second = await startRedis(binary, port);
    await vi.waitUntil(() => one.said.includes("limits are counted in Redis"), { timeout: 10_000 });
    await untilAsked(asked + 100);
    end.abort();
    await traffic;
    expect(await one.allowed({ ...someone, address: "192.0.2.3" }, 150)).toBe(100);
    await second.stop();
  });
});
