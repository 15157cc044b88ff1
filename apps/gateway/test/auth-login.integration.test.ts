import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Permission } from "@robin/api";
import {
  auditOf,
  createAccount,
  decodeToken,
  expectError,
  grantedBy,
  login,
  type LoginBody,
  me,
  setCookieOf,
} from "./auth-support.ts";
import { startTestGateway, type TestGateway, testPassword } from "./harness.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

describe("POST /api/v1/auth/login", () => {
  it("200 with exactly what the Robin UI reads: no nulls, permissions at the top level", async () => {
    const user = await createAccount(gateway, { roles: ["ROLE_USER"] });
    const answer = await login(gateway, user.username);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.body).toStrictEqual({
      user: { id: user.id, username: user.username, email: user.email, roles: ["ROLE_USER"] },
      tokens: { accessToken: expect.any(String) as string, tokenType: "Bearer", expiresIn: 1800 },
      permissions: ["VIEW_DASHBOARD", "VIEW_QUEUE", "VIEW_METRICS", "VIEW_LOGS"],
    });
  });

  it("200 with the names of the person where they are known", async () => {
    const user = await createAccount(gateway, { firstName: "Pepper", lastName: "Potts" });
    const { body } = await login(gateway, user.username);
    expect((body as LoginBody).user).toMatchObject({ firstName: "Pepper", lastName: "Potts" });
  });

  it("200 with the permissions of all roles, once each", async () => {
    const user = await createAccount(gateway, { roles: ["ROLE_READONLY", "ROLE_ADMIN"] });
    const { body } = await login(gateway, user.username);
    expect((body as LoginBody).permissions).toEqual(Permission.options);
    expect((body as LoginBody).user.roles.toSorted()).toEqual(["ROLE_ADMIN", "ROLE_READONLY"]);
  });

  it("200 with a token that carries the promised claims and works", async () => {
    const user = await createAccount(gateway, { roles: ["ROLE_USER"] });
    const { token } = grantedBy(await login(gateway, user.username));
    const session = await gateway.db.session.findFirstOrThrow({ where: { userId: user.id } });
    const { header, claims } = decodeToken(token);
    const issuedAt = Math.floor(gateway.clock.now().getTime() / 1000);
    expect(header).toEqual({ alg: "HS256", typ: "JWT" });
    expect(claims).toStrictEqual({
      sub: String(user.id),
      username: user.username,
      roles: ["ROLE_USER"],
      permissions: ["VIEW_DASHBOARD", "VIEW_QUEUE", "VIEW_METRICS", "VIEW_LOGS"],
      sid: session.id,
      jti: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      iat: issuedAt,
      exp: issuedAt + 1800,
      iss: "robin-gateway",
      aud: "robin-gateway",
      type: "access",
    });
    expect((await me(gateway, token)).status).toBe(200);
  });

  it("200 with a cookie of 256 random bits that no script can read and no other site can send", async () => {
    const user = await createAccount(gateway);
    const [first, second] = [await login(gateway, user.username), await login(gateway, user.username)];
    const cookie = setCookieOf(first);
    expect(cookie).toEqual({
      name: "refreshToken",
      value: expect.stringMatching(/^[\w-]{43}$/) as string,
      attributes: {
        httponly: true,
        samesite: "Strict",
        path: "/",
        "max-age": "604800",
        expires: new Date(gateway.clock.now().getTime() + 604_800_000).toUTCString(),
      },
    });
    expect(setCookieOf(second)?.value).not.toBe(cookie?.value);
  });

  it("200 with the same cookie whatever rememberMe says", async () => {
    const user = await createAccount(gateway);
    for (const rememberMe of [true, false]) {
      const answer = await gateway.request("/api/v1/auth/login", {
        body: { username: user.username, password: testPassword, rememberMe },
      });
      expect(setCookieOf(answer)?.attributes["max-age"]).toBe("604800");
    }
  });

  it("200 for a name in upper case and with spaces around it", async () => {
    const user = await createAccount(gateway, { username: "anna.smith@example.test" });
    const answer = await login(gateway, "  Anna.SMITH@Example.Test ");
    expect((answer.body as LoginBody).user).toMatchObject({ id: user.id, username: "anna.smith@example.test" });
  });

  it("200 and the database holds session, lastLoginAt and the audit row", async () => {
    const user = await createAccount(gateway);
    gateway.clock.advance(5000);
    const now = gateway.clock.now();
    const answer = await gateway.request("/api/v1/auth/login", {
      body: { username: user.username, password: testPassword },
      headers: { "user-agent": "Robin UI" },
    });
    const after = await gateway.db.user.findUniqueOrThrow({ where: { id: user.id }, include: { sessions: true } });
    expect(after.lastLoginAt).toEqual(now);
    expect(after.sessions).toHaveLength(1);
    expect(after.sessions[0]).toMatchObject({
      ipAddress: "127.0.0.1",
      userAgent: "Robin UI",
      createdAt: now,
      expiresAt: new Date(now.getTime() + 604_800_000),
      revokedAt: null,
    });
    expect(await auditOf(gateway, answer)).toEqual([
      expect.objectContaining({
        action: "auth.login",
        targets: [user.username],
        outcome: "SUCCEEDED",
        errorCode: null,
        actorId: user.id,
        actorUsername: user.username,
        ipAddress: "127.0.0.1",
        occurredAt: now,
        finishedAt: now,
      }),
    ]);
  });

  it("200 and neither the refresh token nor the password is stored in clear", async () => {
    const user = await createAccount(gateway);
    const token = setCookieOf(await login(gateway, user.username))?.value ?? "no cookie";
    const tables = await Promise.all([
      gateway.db.user.findMany(),
      gateway.db.session.findMany(),
      gateway.db.auditEvent.findMany(),
      gateway.db.refreshToken.findMany(),
    ]);
    const readable = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value);
    const stored = JSON.stringify(tables, (_key, value: unknown) => readable(value));
    expect(stored).toContain(user.username);
    expect(stored).not.toContain(token);
    expect(stored).not.toContain(Buffer.from(token, "base64url").toString("latin1"));
    expect(stored).not.toContain(testPassword);
  });

  it("401 that looks the same for a wrong password and for an unknown user", async () => {
    const user = await createAccount(gateway);
    const wrong = await login(gateway, user.username, "not the password");
    const unknown = await login(gateway, "nobody@example.test", "not the password");
    const body = expectError(wrong, 401, "unauthenticated");
    expect(body).toMatchObject({ error: "Unauthorized", message: "Invalid username or password" });
    const comparable = ({ status, text, headers }: typeof wrong) => ({
      status,
      text: text.replace(headers.get("x-request-id") ?? "", "<id>"),
      headers: [...headers].filter(([name]) => name !== "x-request-id" && name !== "date"),
    });
    expect(comparable(unknown)).toEqual(comparable(wrong));
    expect(setCookieOf(wrong)).toBeUndefined();
  });

  it("401 after one bcrypt comparison, whether there is such a user or not", async () => {
    const user = await createAccount(gateway);
    const verify = vi.spyOn(gateway.deps.passwords, "verify");
    await login(gateway, user.username, "not the password");
    await login(gateway, "nobody@example.test", "not the password");
    const calls = verify.mock.calls.map(([password, hash]) => [password, hash]);
    verify.mockRestore();
    // That a comparison is made in both cases, at the same cost, is in passwords.test.ts.
    expect(calls).toEqual([
      ["not the password", user.passwordHash],
      ["not the password", undefined],
    ]);
  });

  it("401 and the audit row has the name that was tried, without an actor", async () => {
    const user = await createAccount(gateway);
    const answer = await login(gateway, user.username, "not the password");
    expect(await auditOf(gateway, answer)).toEqual([
      expect.objectContaining({
        action: "auth.login",
        targets: [user.username],
        outcome: "FAILED",
        errorCode: "unauthenticated",
        actorId: null,
        actorUsername: null,
      }),
    ]);
    const after = await gateway.db.user.findUniqueOrThrow({ where: { id: user.id }, include: { sessions: true } });
    expect(after).toMatchObject({ lastLoginAt: null, sessions: [] });
  });

  it("401 for an account whose stored hash is none", async () => {
    const user = await createAccount(gateway, { passwordHash: "no password fits this hash" });
    expectError(await login(gateway, user.username), 401, "unauthenticated");
  });

  it("401 for a disabled user with a wrong password, 403 with the right one", async () => {
    const user = await createAccount(gateway, { disabledAt: gateway.clock.now() });
    expectError(await login(gateway, user.username, "not the password"), 401, "unauthenticated");
    const answer = await login(gateway, user.username);
    expectError(answer, 403, "forbidden");
    expect(setCookieOf(answer)).toBeUndefined();
    expect(await auditOf(gateway, answer)).toEqual([
      expect.objectContaining({
        outcome: "FAILED",
        errorCode: "forbidden",
        actorId: user.id,
        targets: [user.username],
      }),
    ]);
    const after = await gateway.db.user.findUniqueOrThrow({ where: { id: user.id }, include: { sessions: true } });
    expect(after).toMatchObject({ lastLoginAt: null, sessions: [] });
  });

  it("401 without a session when the password changes while it is being compared", async () => {
    const user = await createAccount(gateway);
    const newHash = await gateway.deps.passwords.hash("another password");
    const verify = vi.spyOn(gateway.deps.passwords, "verify").mockImplementationOnce(async (password, hash) => {
      verify.mockRestore();
      const valid = await gateway.deps.passwords.verify(password, hash);
      await gateway.db.user.update({ where: { id: user.id }, data: { passwordHash: newHash } });
      return valid;
    });
    expectError(await login(gateway, user.username), 401, "unauthenticated");
    expect(await gateway.db.session.count({ where: { userId: user.id } })).toBe(0);
  });

  it("401 without a session when the account is disabled while the password is being compared", async () => {
    const user = await createAccount(gateway);
    const verify = vi.spyOn(gateway.deps.passwords, "verify").mockImplementationOnce(async (password, hash) => {
      verify.mockRestore();
      const valid = await gateway.deps.passwords.verify(password, hash);
      await gateway.db.user.update({ where: { id: user.id }, data: { disabledAt: gateway.clock.now() } });
      return valid;
    });
    expectError(await login(gateway, user.username), 401, "unauthenticated");
    expect(await gateway.db.session.count({ where: { userId: user.id } })).toBe(0);
  });

  it("200 ten times at once, each with a session of its own", async () => {
    const user = await createAccount(gateway);
    const answers = await Promise.all(Array.from({ length: 10 }, () => login(gateway, user.username)));
    expect(new Set(answers.map((answer) => grantedBy(answer).cookie)).size).toBe(10);
    expect(await gateway.db.session.count({ where: { userId: user.id, revokedAt: null } })).toBe(10);
  });

  it("200, 401 and 403 leave no password, token or cookie in the log", async () => {
    const user = await createAccount(gateway);
    const { token, cookie } = grantedBy(await login(gateway, user.username));
    await login(gateway, user.username, "a wrong password to search for");
    await gateway.request("/api/v1/auth/login", { body: { username: user.username, pass: "misplaced secret" } });
    await gateway.request("/api/v1/auth/login", { body: '{"password":"unparsable secret' });
    await gateway.request("/trpc/auth.login", { body: '{"json":{"password":"unparsable secret' });
    await gateway.request("/api/v1/auth/refresh", { body: {}, headers: { cookie } });
    await me(gateway, token);
    const logged = JSON.stringify(gateway.logs);
    expect(logged).toContain("/auth/login");
    for (const secret of [
      testPassword,
      "a wrong password",
      "misplaced secret",
      "unparsable",
      token,
      token.split(".")[2] ?? token,
      cookie.slice("refreshToken=".length),
    ]) {
      expect(logged).not.toContain(secret);
    }
  });
});
