import { describe, expect, it } from "vitest";
import { createLoginGuard, type LoginLimitConfig } from "./login-guard.ts";
import { createLoginRecord } from "./login-record.ts";

const home = "198.51.100.7";
const minuteMs = 60_000;
const plenty = { loginPerMinute: 1000, loginAddressPerMinute: 1000 };

/** A guard of one process alone, with a clock that a test moves; it does not wait, but tells for how long it would have. */
function guardWith(config: Partial<LoginLimitConfig> = {}) {
  let nowMs = Date.UTC(2026, 0, 1);
  const exceeded: string[] = [];
  const held: number[] = [];
  const clock = { now: () => new Date(nowMs) };
  const guard = createLoginGuard(
    { ...plenty, ...config },
    {
      clock,
      now: () => nowMs,
      record: createLoginRecord(clock),
      onExceeded: (limit) => exceeded.push(limit),
      hold: (ms) => Promise.resolve(held.push(ms)),
    },
  );
  const admit = (username: string, ipAddress = home) => guard.admit({ username, ipAddress, signal: undefined });
  /** Seconds to wait when refused; otherwise what came of the attempt. */
  const attempt = async (username: string, { from = home, right = false } = {}) => {
    const answer = await admit(username, from);
    if ("refusal" in answer) return answer.refusal.retryAfterSeconds;
    await (right ? answer.succeeded() : answer.failed());
    return right ? "signed in" : "failed";
  };
  /** Fails from another address each time, as a thousand hired machines would. */
  const failFromEverywhere = async (username: string, times: number) => {
    for (let time = 0; time < times; time += 1) {
      expect(await attempt(username, { from: `10.9.${Math.floor(time / 250)}.${time % 250}` })).toBe("failed");
    }
  };
  return { admit, attempt, failFromEverywhere, exceeded, held, advance: (ms: number) => void (nowMs += ms) };
}

/** A guard that holds answers: each account has failed often already. */
function attackedGuard(hold?: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>) {
  const clock = { now: () => new Date(0) };
  const history = { pairFailures: 0, lastFailureAt: 0, accountFailures: 20, isKnownHere: false };
  const record = { ...createLoginRecord(clock), read: () => Promise.resolve(history) };
  const guard = createLoginGuard(plenty, { clock, now: () => 0, record, ...(hold && { hold }) });
  return {
    guard,
    admit: (username: string, ipAddress: string) => guard.admit({ username, ipAddress, signal: undefined }),
  };
}

describe("limits", () => {
  it("let an address try an account five times a minute, right or wrong, and other accounts beside it", async () => {
    const { attempt, exceeded, advance } = guardWith({ loginPerMinute: 5 });
    for (let time = 1; time <= 5; time += 1) expect(await attempt("anna", { right: true })).toBe("signed in");
    expect(await attempt("anna", { right: true })).toBe(60);
    expect(await attempt("bert", { right: true })).toBe("signed in");
    expect(await attempt("anna", { from: "203.0.113.1", right: true })).toBe("signed in");
    expect(exceeded).toEqual(["login"]);
    advance(minuteMs);
    expect(await attempt("anna", { right: true })).toBe("signed in");
  });

  it("let an address try thirty times a minute in all; refused attempts count for nothing", async () => {
    const { attempt, exceeded, advance } = guardWith({ loginPerMinute: 5, loginAddressPerMinute: 30 });
    for (let user = 1; user <= 30; user += 1) expect(await attempt(`user${user}`)).toBe("failed");
    for (let second = 0; second < 60; second += 1) {
      expect(await attempt(`other${second}`)).toBe(60 - second);
      advance(1000);
    }
    expect(await attempt("user1")).toBe("failed");
    expect(new Set(exceeded)).toEqual(new Set(["login_address"]));
  });

  it("count IPv6 by its /64", async () => {
    const { attempt } = guardWith({ loginPerMinute: 2 });
    expect(await attempt("anna", { from: "2001:db8:1:2::1" })).toBe("failed");
    expect(await attempt("anna", { from: "2001:db8:1:2:ffff::1" })).toBe("failed");
    expect(await attempt("anna", { from: "2001:db8:1:2:aaaa::2" })).toBe(60);
    expect(await attempt("anna", { from: "2001:db8:1:3::1" })).toBe("failed");
  });

  it("say in one sentence what was too much, and which refusal is news", async () => {
    const { admit, attempt } = guardWith({ loginPerMinute: 1 });
    await attempt("anna");
    const answers = [await admit("anna"), await admit("anna"), await admit("anna")];
    const told = answers.map((answer) => "refusal" in answer && [answer.isNews, answer.refusal.publicMessage]);
    const sentence = "Too many attempts to sign in to this account from your address. Try again in 60 seconds.";
    expect(told).toEqual([
      [true, sentence],
      [false, sentence],
      [false, sentence],
    ]);
  });
});

describe("the delay of an address with an account", () => {
  it("begins with the third failure in a row and doubles with each further one, up to 15 minutes", async () => {
    const { attempt, advance } = guardWith();
    expect([await attempt("anna"), await attempt("anna"), await attempt("anna")]).toEqual(Array(3).fill("failed"));
    for (const seconds of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
      expect(await attempt("anna", { right: true })).toBe(seconds);
      advance(seconds * 1000 - 1);
      expect(await attempt("anna", { right: true })).toBe(1);
      advance(1);
      expect(await attempt("anna")).toBe("failed");
    }
  });

  it("ends with the right password, and begins anew", async () => {
    const { attempt, advance } = guardWith();
    for (let time = 1; time <= 3; time += 1) await attempt("anna");
    advance(1000);
    expect(await attempt("anna", { right: true })).toBe("signed in");
    expect([await attempt("anna"), await attempt("anna"), await attempt("anna")]).toEqual(Array(3).fill("failed"));
    expect(await attempt("anna")).toBe(1);
  });

  it("is forgotten after an hour", async () => {
    const { attempt, advance } = guardWith();
    for (let time = 1; time <= 3; time += 1) await attempt("anna");
    advance(60 * minuteMs + 1);
    expect([await attempt("anna"), await attempt("anna")]).toEqual(["failed", "failed"]);
    expect(await attempt("anna")).toBe("failed");
  });

  it("holds for nobody else: not for another address, not for another account", async () => {
    const { attempt } = guardWith();
    for (let time = 1; time <= 9; time += 1) await attempt("anna");
    expect(await attempt("anna", { right: true })).toBe(1);
    expect(await attempt("anna", { from: "203.0.113.1", right: true })).toBe("signed in");
    expect(await attempt("bert", { right: true })).toBe("signed in");
  });

  it("does not become longer when the clock is set back", async () => {
    const { attempt, advance } = guardWith();
    for (let time = 1; time <= 3; time += 1) await attempt("anna");
    advance(-60 * minuteMs);
    expect(await attempt("anna")).toBe(1);
  });
});

describe("when an account is attacked from everywhere", () => {
  it("strangers get their answers late, more and more, but at most four seconds; nobody is refused", async () => {
    const { attempt, failFromEverywhere, held } = guardWith();
    await failFromEverywhere("anna", 9);
    expect(held).toEqual([]);
    await failFromEverywhere("anna", 1);
    for (let time = 1; time <= 6; time += 1) {
      expect(await attempt("anna", { from: `192.0.2.${time}`, right: time % 2 === 0 })).toMatch(/failed|signed in/);
    }
    expect(held).toEqual([250, 500, 500, 1000, 1000, 2000]);
    await failFromEverywhere("anna", 300);
    expect(Math.max(...held)).toBe(4000);
  });

  it("an address from which its owner has signed in is never slowed", async () => {
    const { attempt, failFromEverywhere, held, advance } = guardWith();
    await attempt("anna", { right: true });
    await failFromEverywhere("anna", 300);
    advance(29 * 24 * 60 * minuteMs);
    await failFromEverywhere("anna", 15);
    held.length = 0;
    expect(await attempt("anna", { right: true })).toBe("signed in");
    expect(await attempt("anna", { from: "203.0.113.1", right: true })).toBe("signed in");
    expect(held).toEqual([4000]);
  });

  it("its owner goes first where passwords are checked, from where there was a sign-in before", async () => {
    const { admit, attempt } = guardWith();
    await attempt("anna", { right: true });
    expect(await admit("anna")).toMatchObject({ turn: { caller: home, goesFirst: true } });
    expect(await admit("anna", "203.0.113.1")).toMatchObject({ turn: { caller: "203.0.113.1", goesFirst: false } });
    expect(await admit("bert")).toMatchObject({ turn: { caller: home, goesFirst: false } });
  });

  it("a name without an account is treated like one with an account", async () => {
    const { failFromEverywhere, held } = guardWith();
    await failFromEverywhere("anna", 20);
    const ofAnna = held.splice(0);
    await failFromEverywhere("nobody", 20);
    expect(held).toEqual(ofAnna);
  });

  it("answers are held for a hundred at once, and further ones not at all", async () => {
    const release: (() => void)[] = [];
    const { admit } = attackedGuard(() => new Promise<void>((resolve) => void release.push(resolve)));
    const attempts = Array.from({ length: 150 }, (_, index) => admit("anna", `192.0.2.${index}`));
    for (const answer of await Promise.all(attempts.slice(100))) expect(answer).not.toHaveProperty("refusal");
    expect(release).toHaveLength(100);
    release.forEach((end) => {
      end();
    });
    await Promise.all(attempts);
  });

  it("one who goes while waiting gives up the place", async () => {
    const { guard } = attackedGuard();
    const gone = new AbortController();
    const answer = guard.admit({ username: "anna", ipAddress: home, signal: gone.signal });
    gone.abort();
    await expect(answer).rejects.toMatchObject({ code: "client_closed_request" });
  });
});

it("what is remembered is bounded, however many addresses try however many names", async () => {
  const { attempt } = guardWith();
  for (let time = 0; time < 25_000; time += 1) {
    await attempt(`name${time}`, { from: `2001:db8:${(time >> 8).toString(16)}:${(time & 255).toString(16)}::1` });
  }
  // What was tried first is forgotten: there is room for 20,000.
  expect([await attempt("name0"), await attempt("name0"), await attempt("name0")]).toEqual(Array(3).fill("failed"));
});
