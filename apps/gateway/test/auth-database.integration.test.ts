import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aSecondMs, expectError, expectTrpcError, grantedBy, login, me, refresh, setCookieOf } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
/** Another process whose way to the database stays whole: it sees what was really changed. */
let witness: TestGateway;
let anna: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 5 } });
  witness = await startTestGateway({ beside: gateway });
});
afterAll(async () => {
  await witness.close();
  await gateway.close();
});
beforeEach(async () => {
  anna = await gateway.signIn("ROLE_ADMIN");
});
afterEach(() => {
  gateway.databaseProxy.restore();
});

/** Takes the database away, after all that is remembered of sessions has grown too old. */
function cut(): void {
  gateway.clock.advance(aSecondMs);
  gateway.databaseProxy.cut();
}

/** 503 with a hint when to come back, no cookie touched, and nothing told of the inside. */
function expectUnavailable(answer: Answer): void {
  expectError(answer, 503, "unavailable");
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(setCookieOf(answer)).toBeUndefined();
  expectNoInsides(answer);
}

function expectNoInsides({ text }: Answer): void {
  const { port, hostname, pathname } = new URL(gateway.databaseUrl);
  const inside = [port, hostname, pathname.slice(1), String(gateway.databaseProxy.port), "127.0.0.1", "localhost"];
  for (const word of inside) expect(text).not.toContain(word);
  expect(text).not.toMatch(/prisma|postgres|select|insert|gateway_|ECONN|P\d{4}|node_modules|\.ts\b|\bat /i);
}

const item = () => gateway.simulator.queue.items()[0]?.uid ?? "no item";
const counts = async () => ({
  sessions: await witness.db.session.count(),
  refreshTokens: await witness.db.refreshToken.count(),
  used: await witness.db.refreshToken.count({ where: { usedAt: { not: null } } }),
  revoked: await witness.db.session.count({ where: { revokedAt: { not: null } } }),
  audits: await witness.db.auditEvent.count(),
});

const waitingForLocks = () => witness.db.$queryRaw`
  SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;

describe("without the database", () => {
  it("503 for POST /api/v1/auth/login, right or wrong, and nothing is written", async () => {
    const before = await counts();
    cut();
    expectUnavailable(await login(gateway, anna.username));
    expectUnavailable(await login(gateway, anna.username, "not the password"));
    expectUnavailable(await login(gateway, "nobody@example.test"));
    expect(await counts()).toEqual(before);
  });

  it("503 for POST /api/v1/auth/refresh, and the cookie is neither cleared nor used", async () => {
    const before = await counts();
    cut();
    expectUnavailable(await refresh(gateway, anna.cookie));
    expect(await counts()).toEqual(before);
    gateway.databaseProxy.restore();
    grantedBy(await refresh(gateway, anna.cookie));
  });

  it("503 for POST /api/v1/auth/logout, by cookie, bearer or both: the session goes on and must not seem over", async () => {
    const logout = (headers: Record<string, string>, token?: string) =>
      gateway.request("/api/v1/auth/logout", { body: {}, headers, ...(token !== undefined && { token }) });
    const before = await counts();
    cut();
    expectUnavailable(await logout({ cookie: anna.cookie }));
    expectUnavailable(await logout({}, anna.token));
    expectUnavailable(await logout({ cookie: anna.cookie }, anna.token));
    expect(await counts()).toEqual(before);
    expect((await me(witness, anna.token)).status).toBe(200);
  });

  it("200 for POST /api/v1/auth/logout of somebody who is not signed in", async () => {
    cut();
    const answer = await gateway.request("/api/v1/auth/logout", { body: {} });
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: { success: true } });
  });

  it("503 for GET /api/v1/auth/me, whether the session is remembered or not", async () => {
    gateway.databaseProxy.cut();
    expectUnavailable(await me(gateway, anna.token));
    gateway.clock.advance(aSecondMs);
    expectUnavailable(await me(gateway, anna.token));
  });

  it("503 for GET /api/v1/auth/verify rather than a no", async () => {
    cut();
    expectUnavailable(await gateway.request("/api/v1/auth/verify", { token: anna.token }));
  });

  it("200 for GET /api/v1/auth/verify where the database is not needed to say no", async () => {
    cut();
    for (const options of [{}, { token: "nonsense" }]) {
      expect((await gateway.request("/api/v1/auth/verify", options)).body).toEqual({ valid: false });
    }
  });

  it("503 for changes of the queue, and Robin is not asked", async () => {
    const path = `/api/v1/queue/${item()}`;
    for (const remembered of [true, false]) {
      if (remembered) expect((await me(gateway, anna.token)).status).toBe(200);
      const before = { requests: gateway.simulator.requests.length, counts: gateway.simulator.queue.counts() };
      gateway.databaseProxy.cut();
      expectUnavailable(await gateway.request(path, { method: "DELETE", token: anna.token }));
      expectUnavailable(await gateway.request(`${path}/retry`, { method: "POST", token: anna.token }));
      expectUnavailable(await gateway.request(`${path}/bounce`, { method: "POST", token: anna.token }));
      expect({ requests: gateway.simulator.requests.length, counts: gateway.simulator.queue.counts() }).toEqual(before);
      gateway.databaseProxy.restore();
      gateway.clock.advance(aSecondMs);
    }
  });

  it("503 with Retry-After on /trpc as well", async () => {
    const body = { json: { username: anna.username, password: "any" } };
    cut();
    for (const answer of [
      await gateway.request("/trpc/auth.login", { body }),
      await gateway.request("/trpc/auth.me", { token: anna.token }),
      await gateway.request("/trpc/auth.verify", { token: anna.token }),
      await gateway.request("/trpc/auth.refresh", { body: {}, headers: { cookie: anna.cookie } }),
      await gateway.request("/trpc/auth.logout", { body: {}, headers: { cookie: anna.cookie } }),
    ]) {
      expectTrpcError(answer, 503, "unavailable");
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(setCookieOf(answer)).toBeUndefined();
      expectNoInsides(answer);
    }
  });

  it("200 for /health/live and 503 for /health/ready, which name no host", async () => {
    cut();
    const live = await gateway.request("/health/live");
    expect({ status: live.status, body: live.body }).toEqual({ status: 200, body: { status: "UP" } });
    const ready = await gateway.request("/health/ready");
    expect(ready.status).toBe(503);
    expect(ready.body).toMatchObject({ status: "DOWN", ready: false, live: true, database: "DOWN" });
    expectNoInsides(ready);
  });

  it("503 is logged once with its cause and the request's id, without secrets", async () => {
    cut();
    const answer = await login(gateway, anna.username);
    const requestId = answer.headers.get("x-request-id");
    const lines = gateway.logs.filter((line) => line.requestId === requestId);
    expect(lines.map(({ msg }) => msg).toSorted()).toEqual(["procedure failed upstream", "request"]);
    expect(JSON.stringify(lines)).not.toContain("correct horse");
  });
});

describe("when the database goes away in the middle", () => {
  it("503 for POST /api/v1/auth/refresh, whose cookie is not used up and whose audit row stays open", async () => {
    await witness.db.$transaction(async (tx) => {
      await tx.$queryRaw`
        SELECT 1 FROM gateway_refresh_tokens t JOIN gateway_sessions s ON s.id = t.session_id
        WHERE s.user_id = ${anna.userId} FOR UPDATE OF t`;
      const refreshing = refresh(gateway, anna.cookie);
      await expect.poll(() => waitingForLocks(), { timeout: 4000, interval: 10 }).toHaveLength(1);
      gateway.databaseProxy.cut();
      const answer = await refreshing;
      expectUnavailable(answer);
      const requestId = answer.headers.get("x-request-id") ?? "";
      expect(await witness.db.auditEvent.findMany({ where: { requestId } })).toEqual([
        expect.objectContaining({ action: "auth.refresh", outcome: "STARTED", finishedAt: null }),
      ]);
    });
    gateway.databaseProxy.restore();
    grantedBy(await refresh(gateway, anna.cookie));
    expect((await me(gateway, anna.token)).status).toBe(200);
  });
});

describe("when the database is back", () => {
  it("200 for everything, without a restart and with the sign-in of before", async () => {
    cut();
    await Promise.all(Array.from({ length: 10 }, () => me(gateway, anna.token)));
    gateway.databaseProxy.restore();
    expect((await gateway.request("/health/ready")).status).toBe(200);
    expect((await me(gateway, anna.token)).status).toBe(200);
    expect((await gateway.request("/api/v1/auth/verify", { token: anna.token })).body).toEqual({ valid: true });
    grantedBy(await login(gateway, anna.username));
    const retried = await gateway.request(`/api/v1/queue/${item()}/retry`, { method: "POST", token: anna.token });
    expect(retried.status).toBe(200);
    const { cookie } = grantedBy(await refresh(gateway, anna.cookie));
    const logout = await gateway.request("/api/v1/auth/logout", { body: {}, headers: { cookie } });
    expect(logout.status).toBe(200);
    expectError(await me(gateway, anna.token), 401, "unauthenticated");
  });
});

describe("with a database that does not get on", () => {
  it("503 when a statement waits longer than it may, for a locked table", async () => {
    const hurried = await startTestGateway({ beside: gateway, statementTimeoutMs: 300 });
    try {
      await witness.db.$transaction(async (tx) => {
        await tx.$executeRaw`LOCK TABLE gateway_sessions IN ACCESS EXCLUSIVE MODE`;
        expectUnavailable(await hurried.request("/api/v1/auth/me", { token: anna.token }));
      });
      expect((await hurried.request("/api/v1/auth/me", { token: anna.token })).status).toBe(200);
    } finally {
      await hurried.close();
    }
  });
});
