import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createAccount, expectError, expectTrpcError, grantedBy } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway, testPassword } from "./harness.ts";

const minuteMs = 60_000;
const origin = "https://ui.example.test";
const limits = { anonymousPerMinute: 5, userPerMinute: 12, queuePerMinute: 6 };

// Tests connect from 127.0.0.1. One gateway takes that for a proxy, so that a test can be any client; one trusts nobody. The
// third limits only sign-ins so narrowly that a test meets it.
let gateway: TestGateway;
let signIns: TestGateway;
let untrusting: TestGateway;
let anna: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ limits, cache: true, app: { trustProxy: 1, corsOrigins: [origin] } });
  signIns = await startTestGateway({ beside: gateway, limits: { loginAddressPerMinute: 8 }, app: { trustProxy: 1 } });
  untrusting = await startTestGateway({ beside: gateway, limits });
});
afterAll(async () => {
  await untrusting.close();
  await signIns.close();
  await gateway.close();
});
// Each test begins with the minute of nobody, and with an Anna who may do everything.
beforeEach(async () => {
  gateway.clock.advance(minuteMs);
  anna = await gateway.signIn();
  gateway.clock.advance(minuteMs);
});

type Options = Parameters<TestGateway["request"]>[1];
const from = (address: string, path: string, options: Options = {}): Promise<Answer> =>
  gateway.request(path, { ...options, headers: { ...options.headers, "x-forwarded-for": address } });
const times = async (count: number, ask: (time: number) => Promise<Answer>): Promise<Answer[]> => {
  const answers: Answer[] = [];
  for (let time = 1; time <= count; time += 1) answers.push(await ask(time));
  return answers;
};
const statuses = (answers: Answer[]) => answers.map(({ status }) => status);
const limitOf = ({ headers }: Answer) =>
  ["limit", "remaining", "reset", "policy"].map((name) => headers.get(`ratelimit-${name}`));
const verify = "/api/v1/auth/verify";
const logIn = (address: string, username: string, password = testPassword) =>
  signIns.request("/api/v1/auth/login", { body: { username, password }, headers: { "x-forwarded-for": address } });

describe("a caller without a sign-in", () => {
  it("200 with what is left in each answer, then 429 with when to come back, then 200 again", async () => {
    const answers = await times(5, () => from("192.0.2.1", verify));
    expect(statuses(answers)).toEqual([200, 200, 200, 200, 200]);
    expect(answers.map(limitOf)).toEqual([4, 3, 2, 1, 0].map((left) => ["5", String(left), "60", "5;w=60"]));
    gateway.clock.advance(20_500);
    const refused = await from("192.0.2.1", verify);
    const { message } = expectError(refused, 429, "rate_limited");
    expect(message).toBe("Too many requests from your address without a sign-in. Try again in 40 seconds.");
    expect(refused.headers.get("retry-after")).toBe("40");
    expect(limitOf(refused)).toEqual(["5", "0", "40", "5;w=60"]);
    expect((await from("192.0.2.2", verify)).status).toBe(200);
    gateway.clock.advance(39_500);
    expect((await from("192.0.2.1", verify)).status).toBe(200);
  });

  it("429 whatever the path, also for one that does not exist, but not for health, documents and preflights", async () => {
    const ask = (path: string, options?: Options) => from("192.0.2.3", path, options);
    expect(statuses([await ask("/api/v1/queue"), await ask("/queue"), await ask("/nowhere")])).toEqual([401, 401, 404]);
    expect(statuses([await ask("/trpc/auth.verify"), await ask("/api/v1/auth/me")])).toEqual([200, 401]);
    for (const path of ["/api/v1/queue", "/queue", "/nowhere", "/API/V1/auth/me", "/logs"]) {
      expectError(await ask(path), 429, "rate_limited");
    }
    for (const path of ["/health", "/health/live", "/health/aggregate", "/api/v1/health/aggregate", "/openapi.json"]) {
      const answer = await ask(path);
      expect([answer.status, answer.headers.get("ratelimit-limit")]).toEqual([200, null]);
    }
    expect(statuses([await ask("/trpc/health.aggregate"), await ask("/docs")])).toEqual([200, 200]);
    const preflight = { origin, "access-control-request-method": "GET" };
    expect((await ask("/queue", { method: "OPTIONS", headers: preflight })).status).toBe(204);
  });

  it("429 by IPv6's /64", async () => {
    await times(5, (time) => from(`2001:db8:1:1::${time}`, verify));
    expect((await from("2001:db8:1:1:ffff:ffff:ffff:ffff", verify)).status).toBe(429);
    expect((await from("2001:db8:1:2::1", verify)).status).toBe(200);
  });

  it("429 that a page of another origin can read", async () => {
    const [answer] = await times(1, () => from("192.0.2.4", verify, { headers: { origin } }));
    const exposed = answer?.headers.get("access-control-expose-headers")?.toLowerCase().split(",");
    for (const name of ["retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]) {
      expect(exposed).toContain(name);
    }
  });
});

describe("X-Forwarded-For", () => {
  const names = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"];
  it("429 with any claim when nobody is trusted", async () => {
    const answers = await times(7, (time) =>
      untrusting.request(verify, {
        headers: Object.fromEntries(names.map((name) => [name, `198.51.100.${time}`])),
      }),
    );
    expect(statuses(answers).slice(5)).toEqual([429, 429]);
  });

  it("429 behind a proxy for a client that writes the header itself: the proxy's own entry counts", async () => {
    const answers = await times(7, (time) => from(`198.51.100.${time}, 192.0.2.5`, verify));
    expect(statuses(answers)).toEqual([200, 200, 200, 200, 200, 429, 429]);
  });
});

describe("a bad sign-in", () => {
  it("401 counts for the address; 429 afterwards without a look at what is sent", async () => {
    const { authenticator } = gateway.deps;
    const guess = (time: number) => from("192.0.2.6", "/api/v1/auth/me", { token: `rgw_${"x".repeat(42)}${time}` });
    expect(statuses(await times(5, guess))).toEqual([401, 401, 401, 401, 401]);
    const looks = vi.spyOn(authenticator, "authenticate");
    for (const answer of await times(5, guess)) expectError(answer, 429, "rate_limited");
    expect((await from("192.0.2.6", "/api/v1/health/aggregate", { token: "another.guess.here" })).status).toBe(200);
    expect(looks).not.toHaveBeenCalled();
    looks.mockRestore();
    expect((await from("192.0.2.7", "/api/v1/auth/me", { token: "another.guess.here" })).status).toBe(401);
  });

  it("401 counts also where there is no limit", async () => {
    await times(5, (time) => from("192.0.2.8", "/api/v1/health/aggregate", { token: `guess.number.${time}` }));
    expect((await from("192.0.2.8", verify)).status).toBe(429);
  });

  it("200 for a user who is known here, from an address that others have used up", async () => {
    const ask = () => from("192.0.2.9", "/api/v1/auth/me", { token: anna.token });
    expect((await ask()).status).toBe(200);
    await times(9, () => from("192.0.2.9", verify));
    expect((await ask()).status).toBe(200);
  });
});

describe("a user", () => {
  it("429 after the user's limit on all roads together, from wherever; others go on", async () => {
    const { token } = anna;
    const roads = ["/api/v1/auth/me", "/trpc/auth.me", "/logs/loggers", "/api/v1/logs/loggers"];
    const answers = await times(12, (time) => from(`192.0.2.${10 + time}`, roads[time % 4] ?? "", { token }));
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
    expect(answers.map((answer) => limitOf(answer)[1])).toEqual(
      Array.from({ length: 12 }, (_, used) => `${11 - used}`),
    );
    expectError(await from("192.0.2.40", "/logs/loggers", { token }), 429, "rate_limited");
    const refused = await from("192.0.2.41", "/trpc/auth.me", { token });
    expect(expectTrpcError(refused, 429, "rate_limited").message).toMatch(/^Too many requests of yours\. Try again in/);
    expect([refused.headers.get("retry-after"), limitOf(refused)[1]]).toEqual(["60", "0"]);
    const bert = await gateway.signIn();
    expect((await gateway.request("/api/v1/auth/me", { token: bert.token })).status).toBe(200);
  });

  it("429 for the queue's paths before the rest, on all roads", async () => {
    const { token } = anna;
    const input = encodeURIComponent(JSON.stringify({ json: {} }));
    const roads = ["/queue/json?page=0&size=5", "/api/v1/queue", `/trpc/queue.list?input=${input}`];
    const detours = [`/trpc/x/queue.list?input=${input}`, `/trpc/%71ueue.list?input=${input}`, "/API/V1/QUEUE"];
    const answers = await times(6, (time) => gateway.request([...roads, ...detours][time - 1] ?? "", { token }));
    expect(statuses(answers)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(answers.map(limitOf)[0]).toEqual(["6", "5", "60", "12;w=60, 6;w=60"]);
    const refused = expectError(await gateway.request("/api/v1/queue", { token }), 429, "rate_limited");
    expect(refused.message).toBe("Too many requests for the queue of yours. Try again in 60 seconds.");
    expect((await gateway.request("/api/v1/auth/me", { token })).status).toBe(200);
  });

  it("429 for answers that are kept, each counted once", async () => {
    const { token } = anna;
    const answers = await times(8, () => gateway.request("/queue/json?page=0&size=7", { token }));
    expect(statuses(answers)).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
    expect(answers.map((answer) => limitOf(answer)[1])).toEqual(["5", "4", "3", "2", "1", "0", "0", "0"]);
    const kept = gateway.logs.filter(({ path, cache }) => path === "/queue/json" && cache === "hit");
    expect(kept.length).toBeGreaterThanOrEqual(4);
    expect((await gateway.request("/api/v1/auth/me", { token })).headers.get("ratelimit-remaining")).toBe("5");
  });

  it("429 for a batch by the number of its procedures, each with its own error", async () => {
    const { token } = anna;
    const batch = (...names: string[]) => gateway.request(`/trpc/${names.join(",")}?batch=1&input={}`, { token });
    const four = ["auth.me", "auth.verify", "auth.me", "auth.me"];
    const answers = [await batch(...four), await batch(...four, "health.aggregate"), await batch("auth.me", "auth.me")];
    expect(answers.map((answer) => [answer.status, limitOf(answer)[1]])).toEqual([
      [200, "8"],
      [200, "4"],
      [200, "2"],
    ]);
    const refused = await batch("auth.me", "auth.me", "auth.me");
    expect(refused.status).toBe(429);
    const errors = refused.body as { error: { json: { data: { appCode: string } } } }[];
    expect(errors.map(({ error }) => error.json.data.appCode)).toEqual(Array(3).fill("rate_limited"));
    expect((await batch("auth.me", "auth.me")).status).toBe(200);
    expect((await batch("health.aggregate", "health.aggregate")).status).toBe(200);
  });

  it("429 shared by the user's API keys", async () => {
    const made = await gateway.request("/api/v1/api-keys", {
      token: anna.token,
      body: { name: "script", scopes: ["VIEW_LOGS"] },
    });
    const { key } = made.body as { key: string };
    const ask = (token: string) => gateway.request("/logs/loggers", { token });
    expect(limitOf(await ask(key))[1]).toBe("10");
    await times(10, () => ask(anna.token));
    expect((await ask(key)).status).toBe(429);
  });
});

it("refusals are counted by limit for Prometheus", async () => {
  await times(7, () => from("192.0.2.50", verify));
  const { text } = await gateway.request("/metrics");
  const [, anonymous] = /gateway_rate_limit_exceeded_total\{limit="anonymous"\} (\d+)/.exec(text) ?? [];
  expect(Number(anonymous)).toBeGreaterThanOrEqual(2);
  expect(text).toMatch(/gateway_rate_limit_exceeded_total\{limit="queue"\} \d/);
});

describe("sign-in", () => {
  it("429 for the sixth attempt of an address with an account, the right password too; not for other addresses", async () => {
    const { username } = await createAccount(gateway);
    expect(statuses(await times(2, () => logIn("192.0.2.60", username, "wrong")))).toEqual([401, 401]);
    expect(statuses(await times(3, () => logIn("192.0.2.60", username)))).toEqual([200, 200, 200]);
    gateway.clock.advance(30_000);
    const refused = expectError(await logIn("192.0.2.60", username.toUpperCase()), 429, "rate_limited");
    expect(refused.message).toMatch(/to sign in to this account from your address\. Try again in 30 seconds/);
    grantedBy(await logIn("192.0.2.61", username));
  });

  it("429 after three wrong passwords, for as long as Retry-After says; by both roads, alike for unknown names", async () => {
    const known = await createAccount(gateway);
    const told: unknown[] = [];
    for (const username of [known.username, "nobody@example.test"]) {
      const failed = await times(3, () => logIn("192.0.2.62", username, "wrong"));
      const refused = await logIn("192.0.2.62", username);
      const body = { json: { username, password: testPassword } };
      const byTrpc = await signIns.request("/trpc/auth.login", { body, headers: { "x-forwarded-for": "192.0.2.62" } });
      expectTrpcError(byTrpc, 429, "rate_limited");
      const { message } = expectError(refused, 429, "rate_limited");
      told.push([...statuses(failed), message, refused.headers.get("retry-after"), byTrpc.headers.get("retry-after")]);
      gateway.clock.advance(minuteMs);
    }
    expect(told[0]).toEqual(told[1]);
    expect(told[0]).toEqual([401, 401, 401, expect.stringContaining("Try again in one second."), "1", "1"]);
  });

  it("429 for what an address tries in all, on all roads; the audit has one row for all refusals of a minute", async () => {
    const name = (time: number) => `name${time}@example.test`;
    const headers = { "x-forwarded-for": "192.0.2.63" };
    expect(statuses(await times(4, (time) => logIn("192.0.2.63", name(time))))).toEqual([401, 401, 401, 401]);
    const inBatch = Array.from({ length: 6 }, (_, index) => [
      index,
      { json: { username: name(10 + index), password: "x" } },
    ]);
    const path = `/trpc/${inBatch.map(() => "auth.login").join(",")}?batch=1`;
    const { body } = await signIns.request(path, { body: Object.fromEntries(inBatch) as object, headers });
    const ends = (body as { error: { json: { data: { appCode: string } } } }[]).map(
      ({ error }) => error.json.data.appCode,
    );
    expect(ends.sort()).toEqual([
      ...Array<string>(2).fill("rate_limited"),
      ...Array<string>(4).fill("unauthenticated"),
    ]);
    const rows = () => gateway.db.auditEvent.count({ where: { ipAddress: "192.0.2.63", errorCode: "rate_limited" } });
    expect(await rows()).toBe(1);
    for (const answer of await times(20, (time) => logIn("192.0.2.63", name(100 + time)))) {
      expectError(answer, 429, "rate_limited");
    }
    expect(await rows()).toBe(1);
  });

  it("429 for guesses at the present password by who has got hold of a session", async () => {
    const guess = (currentPassword: string) =>
      signIns.request("/api/v1/auth/password", {
        method: "PUT",
        token: anna.token,
        body: { currentPassword, newPassword: "another long pass phrase" },
      });
    expect(statuses(await times(3, (time) => guess(`guess ${time}`)))).toEqual([400, 400, 400]);
    expectError(await guess(testPassword), 429, "rate_limited");
    gateway.clock.advance(1000);
    expect((await guess(testPassword)).status).toBe(200);
  });

  it("200 without delay for who has signed in from there before, while strangers guess from everywhere", async () => {
    const { username } = await createAccount(gateway);
    grantedBy(await logIn("192.0.2.64", username));
    await times(10, (time) => logIn(`198.51.100.${time}`, username, "wrong"));
    const ended: string[] = [];
    const stranger = logIn("192.0.2.65", username).then(() => ended.push("a stranger"));
    const known = logIn("192.0.2.64", username).then(() => ended.push("who is known"));
    await Promise.all([stranger, known]);
    expect(ended).toEqual(["who is known", "a stranger"]);
  });
});
