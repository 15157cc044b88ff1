import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  aSecondMs,
  auditOf,
  decodeToken,
  expectClearedCookie,
  expectError,
  grantedBy,
  me,
  refresh,
  setCookieOf,
  thirtySecondsMs,
  weekMs,
} from "./auth-support.ts";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

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

const sessionOf = ({ userId }: SignedIn) => gateway.db.session.findFirstOrThrow({ where: { userId } });
const tokensOf = ({ userId }: SignedIn) => gateway.db.refreshToken.findMany({ where: { session: { userId } } });

describe("POST /api/v1/auth/refresh", () => {
  it("200 with a new access token and a new cookie, flat as the Robin UI reads it", async () => {
    const anna = await gateway.signIn("ROLE_USER");
    const answer = await refresh(gateway, anna.cookie);
    expect(answer.body).toStrictEqual({
      accessToken: expect.any(String) as string,
      tokenType: "Bearer",
      expiresIn: 1800,
    });
    const fresh = grantedBy(answer);
    expect(fresh.token).not.toBe(anna.token);
    expect(fresh.cookie).not.toBe(anna.cookie);
    expect(setCookieOf(answer)?.attributes).toEqual({
      httponly: true,
      samesite: "Strict",
      path: "/",
      "max-age": "604800",
      expires: new Date(gateway.clock.now().getTime() + weekMs).toUTCString(),
    });
    expect(decodeToken(fresh.token).claims.sid).toBe(decodeToken(anna.token).claims.sid);
    expect((await me(gateway, fresh.token)).body).toMatchObject({ id: anna.userId });
    // Log-out and theft end sessions, not single tokens: the one before works on until it expires.
    expect((await me(gateway, anna.token)).status).toBe(200);
  });

  it("200 with the roles of now in the new token", async () => {
    const anna = await gateway.signIn("ROLE_USER");
    await gateway.db.userRole.create({ data: { userId: anna.userId, role: "ROLE_OPERATOR" } });
    const { token } = grantedBy(await refresh(gateway, anna.cookie));
    expect(decodeToken(token).claims.roles).toEqual(expect.arrayContaining(["ROLE_USER", "ROLE_OPERATOR"]));
    expect(decodeToken(token).claims.permissions).toContain("MANAGE_QUEUE");
  });

  it("200 without a body, and beside an access token that has expired", async () => {
    const anna = await gateway.signIn();
    gateway.clock.advance(3_600_000);
    const answer = await gateway.request("/api/v1/auth/refresh", {
      method: "POST",
      token: anna.token,
      headers: { cookie: anna.cookie },
    });
    expect(grantedBy(answer).token).not.toBe(anna.token);
  });

  it("200 with the cookie among others", async () => {
    const anna = await gateway.signIn();
    grantedBy(await refresh(gateway, `theme=dark; ${anna.cookie}; refreshTokens=x; broken=%E0%A4%A`));
  });

  it("200 and the audit row names who it was", async () => {
    const anna = await gateway.signIn();
    const answer = await refresh(gateway, anna.cookie);
    expect(await auditOf(gateway, answer)).toEqual([
      expect.objectContaining({
        action: "auth.refresh",
        outcome: "SUCCEEDED",
        actorId: anna.userId,
        actorUsername: anna.username,
      }),
    ]);
  });

  it("200 and the database has only hashes of the cookies, the old one marked as used", async () => {
    const anna = await gateway.signIn();
    const { cookie } = grantedBy(await refresh(gateway, anna.cookie));
    const rows = await tokensOf(anna);
    expect(rows.map(({ usedAt }) => usedAt).filter((usedAt) => usedAt !== null)).toEqual([gateway.clock.now()]);
    expect(rows.map(({ tokenHash }) => tokenHash.length)).toEqual([32, 32]);
    const stored = rows.map(({ tokenHash }) => Buffer.from(tokenHash));
    for (const value of [cookie, anna.cookie].map((pair) => pair.slice("refreshToken=".length))) {
      expect(stored.some((hash) => hash.equals(Buffer.from(value, "base64url")))).toBe(false);
      expect(Buffer.concat(stored).includes(value)).toBe(false);
    }
  });

  it("200 again with the old cookie for 30 seconds, and both children work", async () => {
    const anna = await gateway.signIn();
    const first = grantedBy(await refresh(gateway, anna.cookie));
    gateway.clock.advance(thirtySecondsMs);
    const other = grantedBy(await refresh(second, anna.cookie));
    expect(other.cookie).not.toBe(first.cookie);
    for (const child of [first, other]) {
      expect((await me(gateway, child.token)).status).toBe(200);
      grantedBy(await refresh(gateway, child.cookie));
    }
    expect(await sessionOf(anna)).toMatchObject({ revokedAt: null, revokedReason: null });
  });

  it("401 for the old cookie after 30 seconds, and then for the whole family in every process", async () => {
    const anna = await gateway.signIn();
    const bystander = await gateway.signIn();
    const child = grantedBy(await refresh(gateway, anna.cookie));
    const grandchild = grantedBy(await refresh(second, child.cookie));
    for (const process of [gateway, second]) expect((await me(process, grandchild.token)).status).toBe(200);

    gateway.clock.advance(thirtySecondsMs + 1);
    const answer = await refresh(gateway, anna.cookie);
    expectError(answer, 401, "unauthenticated");
    expectClearedCookie(answer);
    expect(await sessionOf(anna)).toMatchObject({ revokedAt: gateway.clock.now(), revokedReason: "TOKEN_REUSE" });
    expect(gateway.logs).toContainEqual(
      expect.objectContaining({ level: 40, userId: anna.userId, msg: expect.stringContaining("used again") as string }),
    );
    expect(await auditOf(gateway, answer)).toEqual([
      expect.objectContaining({ action: "auth.refresh", outcome: "FAILED", errorCode: "unauthenticated" }),
    ]);

    gateway.clock.advance(aSecondMs);
    for (const process of [gateway, second]) {
      for (const { token } of [anna, child, grandchild]) expectError(await me(process, token), 401, "unauthenticated");
      for (const { cookie } of [child, grandchild]) expectError(await refresh(process, cookie), 401, "unauthenticated");
      expect((await me(process, bystander.token)).status).toBe(200);
    }
  });

  it("200 ten times at once with one cookie, and none of them ends the session", async () => {
    const anna = await gateway.signIn();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => refresh(index % 2 === 0 ? gateway : second, anna.cookie)),
    );
    const children = answers.map(grantedBy);
    expect(new Set(children.map(({ cookie }) => cookie)).size).toBe(10);
    expect(await sessionOf(anna)).toMatchObject({ revokedAt: null });
    const again = await Promise.all(children.map(({ cookie }) => refresh(gateway, cookie)));
    expect(again.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
  });

  it("200 as long as it is used within seven days, 401 after seven days without", async () => {
    const anna = await gateway.signIn();
    let { cookie } = anna;
    for (let week = 1; week <= 3; week += 1) {
      gateway.clock.advance(weekMs - 1000);
      ({ cookie } = grantedBy(await refresh(gateway, cookie)));
    }
    expect((await sessionOf(anna)).expiresAt).toEqual(new Date(gateway.clock.now().getTime() + weekMs));
    gateway.clock.advance(weekMs);
    const answer = await refresh(gateway, cookie);
    expectError(answer, 401, "unauthenticated");
    expectClearedCookie(answer);
  });

  it("401 with the cookie cleared for one that we never gave", async () => {
    for (const value of ["nonsense", "A".repeat(43), "%00", "x".repeat(8000)]) {
      const answer = await refresh(gateway, `refreshToken=${value}`);
      expectError(answer, 401, "unauthenticated");
      expectClearedCookie(answer);
    }
  });

  it("401 with the cookie cleared for a session that was revoked, and its tokens stay unused", async () => {
    const anna = await gateway.signIn();
    await gateway.db.session.updateMany({
      where: { userId: anna.userId },
      data: { revokedAt: gateway.clock.now(), revokedReason: "REVOKED_BY_ADMIN" },
    });
    const answer = await refresh(gateway, anna.cookie);
    expectError(answer, 401, "unauthenticated");
    expectClearedCookie(answer);
    expect(await tokensOf(anna)).toHaveLength(1);
    expect(await sessionOf(anna)).toMatchObject({ revokedReason: "REVOKED_BY_ADMIN" });
  });

  it("401 with the cookie cleared for a disabled or a deleted user", async () => {
    const [disabled, deleted] = [await gateway.signIn(), await gateway.signIn()];
    await gateway.db.user.update({ where: { id: disabled.userId }, data: { disabledAt: gateway.clock.now() } });
    await gateway.db.user.delete({ where: { id: deleted.userId } });
    for (const { cookie } of [disabled, deleted]) {
      const answer = await refresh(gateway, cookie);
      expectError(answer, 401, "unauthenticated");
      expectClearedCookie(answer);
    }
  });

  it("401 without a cookie, and nothing is written", async () => {
    for (const cookie of [undefined, "theme=dark", "RefreshToken=x", "refreshToken="]) {
      const answer = await refresh(gateway, cookie);
      expectError(answer, 401, "unauthenticated");
      expect(await auditOf(gateway, answer)).toEqual([]);
      expect(setCookieOf(answer)).toBeUndefined();
    }
  });

  it("400 for the refresh token in body or query, 401 in a header: the cookie is its only place", async () => {
    const { cookie } = await gateway.signIn();
    const token = cookie.slice("refreshToken=".length);
    expectError(
      await gateway.request(`/api/v1/auth/refresh?refreshToken=${token}`, { body: {} }),
      400,
      "invalid_input",
    );
    expectError(await gateway.request("/api/v1/auth/refresh", { body: {}, token }), 401, "unauthenticated");
    expectError(await gateway.request("/api/v1/auth/refresh", { body: { refreshToken: token } }), 400, "invalid_input");
  });

  it("405 for GET, which a foreign page could cause", async () => {
    const { cookie } = await gateway.signIn();
    expectError(await gateway.request("/api/v1/auth/refresh", { headers: { cookie } }), 405, "method_not_allowed");
  });
});
