import type { Principal } from "@robin/api";
import { describe, expect, it } from "vitest";
import { createLimiter, type LimitedRequest } from "./limiter.ts";

const config = { anonymousPerMinute: 5, userPerMinute: 10, queuePerMinute: 3 };
const anna: Principal = { userId: 7, username: "anna@example.test", roles: [], permissions: [], sessionId: "s" };
const someone: LimitedRequest = { principal: undefined, address: "203.0.113.9", isQueue: false, cost: 1 };
const asAnna: LimitedRequest = { ...someone, principal: anna };

/** A limiter of one process alone, with a clock that a test moves. */
function limiterWith() {
  let nowMs = 1_000_000;
  const exceeded: string[] = [];
  const limiter = createLimiter(config, { now: () => nowMs, onExceeded: (limit) => exceeded.push(limit) });
  const take = (request: LimitedRequest) => {
    const verdict = limiter.takeNow(request);
    if (!verdict) throw new Error("nobody is to be asked");
    return verdict;
  };
  /** How many of `times` were let through. */
  const allowed = (request: LimitedRequest, times: number) =>
    Array.from({ length: times }, () => take(request)).filter((verdict) => verdict.allowed).length;
  return { limiter, take, allowed, exceeded, advance: (ms: number) => void (nowMs += ms) };
}

describe("takeNow", () => {
  it("lets as many through as the limit says, and again when the minute is over", () => {
    const { allowed, advance } = limiterWith();
    expect(allowed(someone, 8)).toBe(5);
    advance(59_999);
    expect(allowed(someone, 1)).toBe(0);
    advance(1);
    expect(allowed(someone, 8)).toBe(5);
  });

  it("begins the minute with a caller's first request, and refused ones do not make it longer", () => {
    const { allowed, take, advance } = limiterWith();
    advance(30_000);
    allowed(someone, 5);
    for (let second = 1; second < 60; second += 1) {
      advance(1000);
      expect(take(someone)).toMatchObject({ allowed: false, retryAfterSeconds: 60 - second, limit: "anonymous" });
    }
    advance(1000);
    expect(take(someone).allowed).toBe(true);
  });

  it("says in each answer what is left, until when, and by which policy", () => {
    const { take, advance } = limiterWith();
    const headers = (limit: string, remaining: string, reset: string, policy: string) =>
      ["RateLimit-Limit", limit, "RateLimit-Remaining", remaining].concat([
        "RateLimit-Reset",
        reset,
        "RateLimit-Policy",
        policy,
      ]);
    expect(take(someone).headers).toEqual(headers("5", "4", "60", "5;w=60"));
    advance(1500);
    expect(take({ ...someone, cost: 4 }).headers).toEqual(headers("5", "0", "59", "5;w=60"));
    expect(take(someone)).toEqual({
      allowed: false,
      headers: headers("5", "0", "59", "5;w=60"),
      retryAfterSeconds: 59,
      limit: "anonymous",
    });
    expect(take(asAnna).headers).toEqual(headers("10", "9", "60", "10;w=60"));
    expect(take({ ...asAnna, isQueue: true }).headers).toEqual(headers("3", "2", "60", "10;w=60, 3;w=60"));
  });

  it("counts a batch by its procedures, and takes nothing of one that is too large", () => {
    const { take, allowed } = limiterWith();
    expect(take({ ...asAnna, cost: 8 }).allowed).toBe(true);
    expect(take({ ...asAnna, cost: 3 }).allowed).toBe(false);
    expect(allowed(asAnna, 5)).toBe(2);
  });

  it("counts calls of the queue for both limits, and for neither when one refuses", () => {
    const { take, allowed } = limiterWith();
    expect(allowed({ ...asAnna, isQueue: true }, 5)).toBe(3);
    expect(take({ ...asAnna, isQueue: true })).toMatchObject({ allowed: false, limit: "queue" });
    expect(allowed(asAnna, 20)).toBe(7);
  });

  it("counts of a mixed batch only the queue's calls for the queue", () => {
    const { take, allowed } = limiterWith();
    expect(take({ ...asAnna, isQueue: true, cost: 5, queueCost: 2 }).allowed).toBe(true);
    expect(allowed({ ...asAnna, isQueue: true }, 5)).toBe(1);
  });

  it("keeps users, addresses and what an address does without signing in apart", () => {
    const { allowed } = limiterWith();
    const bert = { ...asAnna, principal: { ...anna, userId: 8 } };
    expect(allowed(someone, 9)).toBe(5);
    expect(allowed({ ...someone, address: "203.0.113.10" }, 9)).toBe(5);
    expect(allowed(asAnna, 15)).toBe(10);
    expect(allowed(bert, 15)).toBe(10);
    expect(allowed({ ...asAnna, address: "198.51.100.1" }, 1)).toBe(0);
  });

  it("counts an API key for its owner", () => {
    const { allowed } = limiterWith();
    expect(allowed({ ...asAnna, principal: { ...anna, apiKey: { id: "k", name: "script" } } }, 6)).toBe(6);
    expect(allowed(asAnna, 9)).toBe(4);
  });

  it("counts IPv6 by its /64, and IPv4 the same however it is written", () => {
    const { allowed } = limiterWith();
    const from = (address: string, times = 1) => allowed({ ...someone, address }, times);
    expect(from("2001:db8:1:2::1", 3)).toBe(3);
    expect(from("2001:DB8:1:2:ffff::9", 9)).toBe(2);
    expect(from("2001:db8:1:3::1", 9)).toBe(5);
    expect(from("198.51.100.7", 3)).toBe(3);
    expect(from("::ffff:198.51.100.7", 1)).toBe(1);
    expect(from("::ffff:c633:6407", 9)).toBe(1);
  });
});

describe("a flood of addresses", () => {
  it("is remembered only in part, and pushes no user out", () => {
    const { take, allowed } = limiterWith();
    allowed(asAnna, 10);
    allowed(someone, 5);
    for (let index = 0; index < 25_000; index += 1) {
      take({ ...someone, address: `2001:db8:${(index >> 8).toString(16)}:${(index & 255).toString(16)}::1` });
    }
    // There is room for 20,000, and this one was the first.
    expect(allowed(someone, 9)).toBe(5);
    expect(allowed(asAnna, 9)).toBe(0);
  });
});

describe("take", () => {
  it("counts like takeNow, and tells of each refusal which limit it was", async () => {
    const { limiter, allowed, exceeded } = limiterWith();
    for (let time = 1; time <= 7; time += 1) expect((await limiter.take(someone)).allowed).toBe(time <= 5);
    for (let time = 1; time <= 4; time += 1) await limiter.take({ ...asAnna, isQueue: true });
    expect(allowed(someone, 1)).toBe(0);
    expect(exceeded).toEqual(["anonymous", "anonymous", "queue"]);
  });
});

describe("refusalOf", () => {
  it("is there once the address has used up its requests, and counts nothing before", () => {
    const { limiter, allowed } = limiterWith();
    const { address } = someone;
    for (let time = 1; time <= 9; time += 1) expect(limiter.refusalOf(address)).toBeUndefined();
    expect(allowed(someone, 9)).toBe(5);
    expect(limiter.refusalOf(address)).toMatchObject({ allowed: false, limit: "anonymous", retryAfterSeconds: 60 });
  });
});
