import { Permission } from "@robin/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aSecondMs, createAccount, expectError, expectTrpcError, grantedBy, login, me } from "./auth-support.ts";
import { startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const verify = (token?: string) => gateway.request("/api/v1/auth/verify", token === undefined ? {} : { token });

describe("GET /api/v1/auth/verify", () => {
  it("200 and true with an access token that works", async () => {
    const { token } = await gateway.signIn();
    const answer = await verify(token);
    expect(answer.status).toBe(200);
    expect(answer.body).toStrictEqual({ valid: true });
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("200 and false without a token, also when the cookie is there", async () => {
    const { cookie } = await gateway.signIn();
    for (const headers of [{}, { cookie }] as Record<string, string>[]) {
      const answer = await gateway.request("/api/v1/auth/verify", { headers });
      expect(answer.status).toBe(200);
      expect(answer.body).toStrictEqual({ valid: false });
    }
  });

  it("200 and false with a token that is none, expired, revoked, or a refresh token", async () => {
    const [revoked, expired] = [await gateway.signIn(), await gateway.signIn()];
    await gateway.db.session.updateMany({
      where: { userId: revoked.userId },
      data: { revokedAt: gateway.clock.now() },
    });
    gateway.clock.advance(aSecondMs);
    for (const token of ["nonsense", "a.b.c", revoked.token, revoked.cookie.slice("refreshToken=".length)]) {
      const answer = await verify(token);
      expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: { valid: false } });
    }
    expect((await verify(expired.token)).body).toEqual({ valid: true });
    gateway.clock.advance(1_800_000);
    expect((await verify(expired.token)).body).toEqual({ valid: false });
  });
});

describe("GET /api/v1/auth/me", () => {
  it("200 with the user flat and once more under `user`, without nulls", async () => {
    const user = await createAccount(gateway, { roles: ["ROLE_ADMIN"], createdAt: new Date("2026-01-29T10:00:00Z") });
    const { token } = grantedBy(await login(gateway, user.username));
    const answer = await me(gateway, token);
    const summary = { id: user.id, username: user.username, email: user.email, roles: ["ROLE_ADMIN"] };
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.body).toStrictEqual({
      ...summary,
      permissions: Permission.options,
      createdAt: "2026-01-29T10:00:00.000Z",
      lastLoginAt: gateway.clock.now().toISOString(),
      user: summary,
    });
  });

  it("200 without the password's hash or anything else of the row", async () => {
    const { token } = await gateway.signIn();
    const { text } = await me(gateway, token);
    expect(text).not.toMatch(/hash|\$2b\$|disabled|null/i);
  });

  it("200 with what the database has now, not what the token was made with", async () => {
    const { token, userId, username } = await gateway.signIn("ROLE_ADMIN");
    await gateway.db.user.update({
      where: { id: userId },
      data: { firstName: "Pepper", lastName: "Potts", email: "pepper@example.test", lastLoginAt: null },
    });
    await gateway.db.userRole.updateMany({ where: { userId }, data: { role: "ROLE_USER" } });
    const { body } = await me(gateway, token);
    const now = {
      id: userId,
      username,
      email: "pepper@example.test",
      firstName: "Pepper",
      lastName: "Potts",
      roles: ["ROLE_USER"],
    };
    expect(body).toMatchObject({ ...now, user: now });
    expect(body).toMatchObject({ permissions: ["VIEW_DASHBOARD", "VIEW_QUEUE", "VIEW_METRICS", "VIEW_LOGS"] });
    expect(body).not.toHaveProperty("lastLoginAt");
  });

  it("200 for an account without any role, which may do nothing else", async () => {
    const user = await createAccount(gateway, { roles: [] });
    const { token } = grantedBy(await login(gateway, user.username));
    expect((await me(gateway, token)).body).toMatchObject({ roles: [], permissions: [] });
    expectError(await gateway.request("/api/v1/queue", { token }), 403, "forbidden");
  });

  it("401 without a token, also when the cookie is there", async () => {
    const { cookie } = await gateway.signIn();
    for (const headers of [{}, { cookie }] as Record<string, string>[]) {
      const answer = await gateway.request("/api/v1/auth/me", { headers });
      expect(expectError(answer, 401, "unauthenticated").error).toBe("Unauthorized");
      expectTrpcError(await gateway.request("/trpc/auth.me", { headers }), 401, "unauthenticated");
    }
  });

  it("401 for the user deleted while its session is still remembered", async () => {
    const { token, userId } = await gateway.signIn();
    expect((await me(gateway, token)).status).toBe(200);
    await gateway.db.user.delete({ where: { id: userId } });
    expectError(await me(gateway, token), 401, "unauthenticated");
  });

  it("400 for a field that it does not know", async () => {
    const { token } = await gateway.signIn();
    expectError(await gateway.request("/api/v1/auth/me?id=1", { token }), 400, "invalid_input");
  });
});
