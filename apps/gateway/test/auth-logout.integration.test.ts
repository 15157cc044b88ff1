import { setPassword } from "@robin/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aSecondMs, auditOf, expectClearedCookie, expectError, grantedBy, login, me, refresh } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

// Two processes over one database: what one ends must be over in the other within a second.
let gateway: TestGateway;
let second: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
  second = await startTestGateway({ beside: gateway });
});
afterAll(async () => {
  await second.close();
  await gateway.close();
});

const logout = (options: { token?: string; cookie?: string; body?: unknown } = {}): Promise<Answer> =>
  gateway.request("/api/v1/auth/logout", {
    method: "POST",
    ...(options.body !== undefined && { body: options.body }),
    ...(options.token !== undefined && { token: options.token }),
    headers: options.cookie === undefined ? {} : { cookie: options.cookie },
  });

const sessionOf = ({ userId }: SignedIn) => gateway.db.session.findFirstOrThrow({ where: { userId } });

/** Both processes have just seen that the session works, so that they remember it. */
async function expectWorking({ token }: { token: string }): Promise<void> {
  for (const process of [gateway, second]) expect((await me(process, token)).status).toBe(200);
}

async function expectOver({ token, cookie }: { token: string; cookie: string }): Promise<void> {
  for (const process of [gateway, second]) {
    expectError(await me(process, token), 401, "unauthenticated");
    expectError(await refresh(process, cookie), 401, "unauthenticated");
    expect((await process.request("/api/v1/auth/verify", { token })).body).toEqual({ valid: false });
  }
}

function expectSignedOut(answer: Answer): void {
  expect(answer.status).toBe(200);
  expect(answer.body).toStrictEqual({ success: true });
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expectClearedCookie(answer);
}

describe("POST /api/v1/auth/logout", () => {
  it("200 without anything, and nothing is written", async () => {
    for (const body of [undefined, {}]) {
      const answer = await logout({ body });
      expectSignedOut(answer);
      expect(await auditOf(gateway, answer)).toEqual([]);
    }
  });

  it("200 with a bearer or a cookie that is none", async () => {
    for (const bad of [{ token: "nonsense" }, { cookie: "refreshToken=nonsense" }, { token: "a.b.c", cookie: "x" }]) {
      expectSignedOut(await logout(bad));
    }
    const basic = { headers: { authorization: "Basic YTpi" }, body: {} };
    expectSignedOut(await gateway.request("/api/v1/auth/logout", basic));
  });

  it("200 and the session is over: here at once, in the other process within a second", async () => {
    const anna = await gateway.signIn();
    await expectWorking(anna);
    const answer = await logout({ ...anna, body: {} });
    expectSignedOut(answer);
    expectError(await me(gateway, anna.token), 401, "unauthenticated");
    gateway.clock.advance(aSecondMs);
    await expectOver(anna);
    const session = await sessionOf(anna);
    expect(session.revokedReason).toBe("LOGOUT");
    expect(await auditOf(gateway, answer)).toEqual([
      expect.objectContaining({
        action: "auth.logout",
        targets: [session.id],
        outcome: "SUCCEEDED",
        actorId: anna.userId,
        actorUsername: anna.username,
      }),
    ]);
  });

  it("200 twice, and the session keeps the time and reason of its end", async () => {
    const anna = await gateway.signIn();
    expectSignedOut(await logout({ ...anna }));
    const ended = await sessionOf(anna);
    gateway.clock.advance(aSecondMs);
    expectSignedOut(await logout({ ...anna }));
    expect(await sessionOf(anna)).toEqual(ended);
  });

  it("200 with the cookie only ends the session, and the audit row names whose it was", async () => {
    const anna = await gateway.signIn();
    await expectWorking(anna);
    const answer = await logout({ cookie: anna.cookie });
    expectSignedOut(answer);
    gateway.clock.advance(aSecondMs);
    await expectOver(anna);
    expect(await auditOf(gateway, answer)).toEqual([
      expect.objectContaining({ outcome: "SUCCEEDED", actorId: anna.userId, actorUsername: anna.username }),
    ]);
  });

  it("200 with a used or an expired cookie ends its session too", async () => {
    const [used, old] = [await gateway.signIn(), await gateway.signIn()];
    const child = grantedBy(await refresh(gateway, used.cookie));
    await gateway.db.refreshToken.updateMany({
      where: { session: { userId: old.userId } },
      data: { expiresAt: gateway.clock.now() },
    });
    for (const { cookie } of [used, old]) expectSignedOut(await logout({ cookie }));
    gateway.clock.advance(aSecondMs);
    await expectOver(child);
    await expectOver(old);
  });

  it("200 with the bearer only ends the session", async () => {
    const anna = await gateway.signIn();
    await expectWorking(anna);
    expectSignedOut(await logout({ token: anna.token }));
    gateway.clock.advance(aSecondMs);
    await expectOver(anna);
  });

  it("200 with bearer and cookie of two sessions ends both", async () => {
    const [anna, ben] = [await gateway.signIn(), await gateway.signIn()];
    expectSignedOut(await logout({ token: anna.token, cookie: ben.cookie }));
    gateway.clock.advance(aSecondMs);
    await expectOver(anna);
    await expectOver(ben);
  });

  it("200 and the user's other sessions and everybody else's go on", async () => {
    const [anna, ben] = [await gateway.signIn(), await gateway.signIn()];
    const elsewhere = grantedBy(await login(gateway, anna.username));
    expectSignedOut(await logout({ ...anna }));
    gateway.clock.advance(aSecondMs);
    for (const { token } of [elsewhere, ben]) expect((await me(gateway, token)).status).toBe(200);
    grantedBy(await refresh(gateway, elsewhere.cookie));
  });

  it("200 beside a refresh of the same session, which is over afterwards either way", async () => {
    const anna = await gateway.signIn();
    const [out, refreshed] = await Promise.all([logout({ ...anna }), refresh(second, anna.cookie)]);
    expectSignedOut(out);
    expect([200, 401]).toContain(refreshed.status);
    const child = refreshed.status === 200 ? grantedBy(refreshed) : anna;
    gateway.clock.advance(aSecondMs);
    for (const either of [anna, child]) await expectOver(either);
  });

  it("405 for GET, which a foreign page could cause", async () => {
    const anna = await gateway.signIn();
    const answer = await gateway.request("/api/v1/auth/logout", { token: anna.token });
    expectError(answer, 405, "method_not_allowed");
    await expectWorking(anna);
  });
});

describe("POST /api/v1/users/{id}/disable", () => {
  const disable = async ({ userId }: SignedIn) => {
    const { token } = await gateway.signIn("ROLE_ADMIN");
    expect((await gateway.request(`/api/v1/users/${userId}/disable`, { method: "POST", token })).status).toBe(200);
  };

  it("401 for every session of the user within a second in every process, and for nobody else's", async () => {
    const [anna, ben] = [await gateway.signIn(), await gateway.signIn()];
    const elsewhere = grantedBy(await login(second, anna.username));
    await expectWorking(anna);
    await expectWorking(elsewhere);
    await disable(anna);
    gateway.clock.advance(aSecondMs);
    await expectOver(anna);
    await expectOver(elsewhere);
    await expectWorking(ben);
    expectError(await login(gateway, anna.username), 403, "forbidden");
  });

  it("401 still after the account is enabled again: it has to sign in anew", async () => {
    const anna = await gateway.signIn();
    await disable(anna);
    await gateway.db.user.update({ where: { id: anna.userId }, data: { disabledAt: null } });
    gateway.clock.advance(aSecondMs);
    await expectOver(anna);
    await expectWorking(grantedBy(await login(gateway, anna.username)));
  });
});

describe("setPassword", () => {
  it("401 for every session of the user within a second in every process, and for nobody else's", async () => {
    const [anna, ben] = [await gateway.signIn(), await gateway.signIn()];
    await expectWorking(anna);
    await setPassword(gateway.deps, anna.username, "another password");
    gateway.clock.advance(aSecondMs);
    await expectOver(anna);
    await expectWorking(ben);
    expectError(await login(gateway, anna.username), 401, "unauthenticated");
    await expectWorking(grantedBy(await login(gateway, anna.username, "another password")));
  });
});
