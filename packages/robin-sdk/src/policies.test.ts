import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isRobinError, RobinError, type RobinErrorKind } from "./errors.ts";
import { createPortPolicy, type BreakerState, type LaneName, type PortPolicy } from "./policies.ts";
import { rejection } from "./testing/stand-in.ts";

const never = new AbortController().signal;
const openMs = 30_000;

function failure(kind: RobinErrorKind, status?: number): RobinError {
  return new RobinError({ kind, status, service: "client", endpoint: "/health", message: kind });
}

describe("createPortPolicy", () => {
  let states: BreakerState[];
  let policy: PortPolicy;

  // Only the clock is faked: the breaker asks Date.now how long it has been open.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] });
    states = [];
    policy = createPortPolicy({
      service: "client",
      maxConnections: 2,
      maxWaiting: 1,
      breaker: { failureThreshold: 5, openMs },
      onBreakerChange: ({ state }) => states.push(state),
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const run = <T>(attempt: () => Promise<T>): Promise<T> => policy.run({ endpoint: "/health", signal: never }, attempt);
  const fail = (kind: RobinErrorKind, status?: number): Promise<RobinError> =>
    rejection(
      run(() => Promise.reject(failure(kind, status))),
      isRobinError,
    );
  const succeed = (): Promise<string> => run(() => Promise.resolve("ok"));

  async function open(): Promise<void> {
    for (let i = 0; i < 5; i += 1) await fail("network");
  }

  it.each<[RobinErrorKind, number?]>([["network"], ["timeout"], ["http", 500], ["http", 503]])(
    "opens after five %s %s in a row",
    async (kind, status) => {
      for (let i = 0; i < 4; i += 1) await fail(kind, status);
      expect(policy.state()).toBe("closed");
      await fail(kind, status);
      expect(policy.state()).toBe("open");
      expect(states).toEqual(["open"]);
    },
  );

  it.each<[RobinErrorKind, number?]>([
    ["http", 401],
    ["http", 404],
    ["invalid-response", 200],
  ])("takes %s %s as an answer, which starts the count anew", async (kind, status) => {
    for (let i = 0; i < 4; i += 1) await fail("network");
    await fail(kind, status);
    await fail("network");
    expect(policy.state()).toBe("closed");
  });

  it("neither counts an aborted call nor lets it excuse the failures before", async () => {
    for (let i = 0; i < 4; i += 1) await fail("network");
    for (let i = 0; i < 5; i += 1) expect((await fail("aborted")).kind).toBe("aborted");
    expect(policy.state()).toBe("closed");
    await fail("network");
    expect(policy.state()).toBe("open");
  });

  it("neither counts a call that came too late because its caller hurried it, nor ends the trial with it", async () => {
    const hurry = (): Promise<RobinError> =>
      rejection(
        policy.run({ endpoint: "/health", signal: never, hurried: true }, () => Promise.reject(failure("timeout"))),
        isRobinError,
      );
    for (let i = 0; i < 9; i += 1) expect((await hurry()).kind).toBe("timeout");
    expect(policy.state()).toBe("closed");
    await open();
    vi.advanceTimersByTime(openMs);
    await hurry();
    expect(await succeed()).toBe("ok");
    expect(policy.state()).toBe("closed");
  });

  it("refuses in under a millisecond while open, and says for how long", async () => {
    await open();
    vi.setSystemTime(Date.now() + 10_000);
    const attempt = vi.fn(succeed);
    const startedAt = performance.now();
    const refusals = await Promise.all(Array.from({ length: 200 }, () => rejection(run(attempt), isRobinError)));
    expect((performance.now() - startedAt) / refusals.length).toBeLessThan(1);
    expect(attempt).not.toHaveBeenCalled();
    expect(refusals[0]).toMatchObject({ kind: "circuit-open", endpoint: "/health", retryAfterMs: openMs - 10_000 });
  });

  it("lets one trial through when the time is up, refuses others meanwhile, and closes when it succeeds", async () => {
    await open();
    vi.setSystemTime(Date.now() + openMs);
    const { promise, resolve } = Promise.withResolvers<string>();
    const trial = run(() => promise);
    expect(policy.state()).toBe("half-open");
    const other = await fail("network");
    expect(other.kind).toBe("circuit-open");
    expect(other.retryAfterMs).toBeGreaterThan(0);
    resolve("ok");
    expect(await trial).toBe("ok");
    expect(states).toEqual(["open", "half-open", "closed"]);
    expect(await succeed()).toBe("ok");
  });

  it("opens for the full time again when the trial fails", async () => {
    await open();
    vi.setSystemTime(Date.now() + openMs);
    await fail("timeout");
    expect(policy.state()).toBe("open");
    vi.setSystemTime(Date.now() + openMs - 1);
    expect((await fail("network")).kind).toBe("circuit-open");
    vi.setSystemTime(Date.now() + 1);
    expect(await succeed()).toBe("ok");
    expect(policy.state()).toBe("closed");
  });

  it("closes when the trial gets an answer that Robin refuses us something", async () => {
    await open();
    vi.setSystemTime(Date.now() + openMs);
    expect((await fail("http", 401)).kind).toBe("http");
    expect(policy.state()).toBe("closed");
  });

  it("makes the next call the trial when the caller aborted the first", async () => {
    await open();
    vi.setSystemTime(Date.now() + openMs);
    expect((await fail("aborted")).kind).toBe("aborted");
    expect(policy.state()).toBe("open");
    expect(await succeed()).toBe("ok");
    expect(policy.state()).toBe("closed");
  });

  it("refuses one more than may run and wait as overloaded", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const taken = [run(() => promise), run(() => promise), run(() => promise)];
    expect(await fail("network")).toMatchObject({ kind: "overloaded", service: "client" });
    resolve("ok");
    expect(await Promise.all(taken)).toEqual(["ok", "ok", "ok"]);
  });

  it("sends those who wait home when the breaker opens", async () => {
    for (let i = 0; i < 4; i += 1) await fail("network");
    const { promise, reject } = Promise.withResolvers<string>();
    const { promise: other, resolve } = Promise.withResolvers<string>();
    const breaking = rejection(
      run(() => promise),
      isRobinError,
    );
    const running = run(() => other);
    const attempt = vi.fn(succeed);
    const waiting = rejection(run(attempt), isRobinError);
    reject(failure("network"));
    expect((await breaking).kind).toBe("network");
    expect(await waiting).toMatchObject({ kind: "circuit-open", retryAfterMs: openMs });
    expect(attempt).not.toHaveBeenCalled();
    resolve("late");
    expect(await running).toBe("late");
  });

  it("passes on what is no RobinError without counting it", async () => {
    for (let i = 0; i < 9; i += 1) {
      await expect(run(() => Promise.reject(new TypeError("a bug")))).rejects.toThrow("a bug");
    }
    expect(policy.state()).toBe("closed");
  });

  describe("while Robin does long work of ours", () => {
    const late = () => Promise.reject(failure("timeout"));
    function hold(lane: LaneName) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      return { resolve, reject, call: policy.run({ endpoint: "/long", signal: never, lane }, () => promise) };
    }

    it.each([
      ["sends", "sending a message"],
      ["logs", "searching its log"],
    ] as const)("does not count who is late meanwhile, and tells them why: %s", async (lane, busyWith) => {
      const long = hold(lane);
      for (let i = 0; i < 9; i += 1) {
        expect(await rejection(run(late), isRobinError)).toMatchObject({ kind: "timeout", busyWith });
      }
      expect(policy.state()).toBe("closed");
      long.resolve("done");
      await long.call;
      for (let i = 0; i < 5; i += 1) expect(await rejection(run(late), isRobinError)).not.toHaveProperty("busyWith");
      expect(policy.state()).toBe("open");
    });

    it("takes it into account when that has ended before the late call has", async () => {
      const long = hold("sends");
      const { promise, reject } = Promise.withResolvers<string>();
      const waiting = rejection(
        run(() => promise),
        isRobinError,
      );
      long.resolve("done");
      await long.call;
      reject(failure("timeout"));
      expect(await waiting).toMatchObject({ busyWith: "sending a message" });
    });

    it("counts broken connections all the same", async () => {
      const long = hold("sends");
      await open();
      expect(policy.state()).toBe("open");
      long.resolve("done");
      await long.call;
    });

    it("does not end a trial with it: the next call is the trial", async () => {
      const long = hold("sends");
      await open();
      vi.advanceTimersByTime(openMs);
      await rejection(run(late), isRobinError);
      expect(await succeed()).toBe("ok");
      expect(policy.state()).toBe("closed");
      long.resolve("done");
      await long.call;
    });

    it("is no excuse when that began after a failure: then Robin may be dead, with the work waiting in vain", async () => {
      await fail("network");
      const long = hold("logs");
      for (let i = 0; i < 4; i += 1) expect(await rejection(run(late), isRobinError)).not.toHaveProperty("busyWith");
      expect(policy.state()).toBe("open");
      long.reject(failure("timeout"));
      await rejection(long.call, isRobinError);
    });

    it("does not count a send that is late itself, which is about its peer; a log search counts", async () => {
      for (const [lane, state] of [
        ["sends", "closed"],
        ["logs", "open"],
      ] as const) {
        for (let i = 0; i < 5; i += 1) {
          const long = hold(lane);
          long.reject(failure("timeout"));
          expect(await rejection(long.call, isRobinError)).not.toHaveProperty("busyWith");
        }
        expect(policy.state()).toBe(state);
      }
    });
  });

  it("goes through flapping without losing count: each success closes it, each five failures open it", async () => {
    for (let round = 0; round < 3; round += 1) {
      await open();
      vi.advanceTimersByTime(openMs);
      expect(await succeed()).toBe("ok");
      for (let i = 0; i < 4; i += 1) await fail("network");
      expect(await succeed()).toBe("ok");
    }
    expect(states).toEqual(Array.from({ length: 3 }, () => ["open", "half-open", "closed"]).flat());
  });
});
