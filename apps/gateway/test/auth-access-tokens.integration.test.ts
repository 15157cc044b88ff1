import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  aSecondMs,
  decodeToken,
  encodeToken,
  expectError,
  expectTrpcError,
  me,
  rawRequest,
  type TokenParts,
} from "./auth-support.ts";
import { startTestGateway, type SignedIn, type TestGateway, testSecret } from "./harness.ts";

let gateway: TestGateway;
let anna: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway();
  anna = await gateway.signIn("ROLE_ADMIN");
});
afterAll(() => gateway.close());

const path = "/api/v1/auth/me";
const withAuthorization = (authorization: string) => gateway.request(path, { headers: { authorization } });

/** Anna's token with other claims, signed as asked. */
function altered(change: (parts: TokenParts) => Partial<TokenParts>, secret = testSecret, hash = "sha256"): string {
  const parts = decodeToken(anna.token);
  return encodeToken({ ...parts, ...change(parts) }, secret, hash);
}
const withClaims = (claims: Record<string, unknown>) =>
  altered((parts) => ({ claims: { ...parts.claims, ...claims } }));
const withHeader = (header: Record<string, unknown>, hash?: string) => altered(() => ({ header }), testSecret, hash);

describe("bearer token", () => {
  it("200 for the token of a sign-in, in any case of the scheme and with spaces around", async () => {
    for (const scheme of ["Bearer ", "bearer ", "BEARER  "]) {
      expect((await withAuthorization(`${scheme}${anna.token} `)).status).toBe(200);
    }
  });

  it("200 for a token that somebody else made with the same secret: the tests below forge rightly", async () => {
    expect((await me(gateway, withClaims({ jti: randomUUID() }))).status).toBe(200);
  });

  it.each([
    ["no header", undefined],
    ["an empty header", ""],
    ["the scheme alone", "Bearer"],
    ["the scheme and a space", "Bearer "],
    ["Basic", `Basic ${Buffer.from("admin@robin.local:password").toString("base64")}`],
    ["text that is no token", "Bearer nonsense"],
    ["a JSON text", "Bearer {}"],
    ["two tokens", "Bearer a.b.c, Bearer a.b.c"],
    ["a token of 5000 characters", `Bearer ${"a".repeat(5000)}`],
  ])("401 for %s", async (_what, authorization) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    expectError(await gateway.request(path, { headers }), 401, "unauthenticated");
    expectTrpcError(await gateway.request("/trpc/auth.me", { headers }), 401, "unauthenticated");
    // A request that needs no sign-in is served all the same.
    expect((await gateway.request("/api/v1/auth/verify", { headers })).body).toEqual({ valid: false });
  });

  it("401 for the token without its scheme, or with another", async () => {
    for (const authorization of [anna.token, `Basic ${anna.token}`, `Token ${anna.token}`, `Bearer${anna.token}`]) {
      expectError(await withAuthorization(authorization), 401, "unauthenticated");
    }
  });

  it("401 for two Authorization headers, whichever is right: proxies differ in which one they check", async () => {
    for (const authorization of [
      [`Bearer ${anna.token}`, "Bearer nonsense"],
      ["Bearer nonsense", `Bearer ${anna.token}`],
      [`Bearer ${anna.token}`, `Bearer ${anna.token}`],
    ]) {
      const { status, text } = await rawRequest(gateway, path, { headers: { authorization } });
      expect(status).toBe(401);
      expect(JSON.parse(text)).toMatchObject({ code: "unauthenticated" });
    }
  });

  it("431 for an Authorization header that is larger than the server reads", async () => {
    const { status } = await rawRequest(gateway, path, { headers: { authorization: `Bearer ${"a".repeat(20_000)}` } });
    expect(status).toBe(431);
  });

  it("401 for a token in the query, a cookie or the body", async () => {
    for (const query of [`token=${anna.token}`, `access_token=${anna.token}`]) {
      expectError(await gateway.request(`${path}?${query}`), 401, "unauthenticated");
    }
    const cookie = `accessToken=${anna.token}; refreshToken=${anna.token}; token=${anna.token}`;
    expectError(await gateway.request(path, { headers: { cookie } }), 401, "unauthenticated");
  });

  it("401 for the refresh token as bearer, and for the access token as cookie", async () => {
    const { token, cookie } = await gateway.signIn();
    expectError(await me(gateway, cookie.slice("refreshToken=".length)), 401, "unauthenticated");
    const headers = { cookie: `refreshToken=${token}` };
    expectError(await gateway.request("/api/v1/auth/refresh", { body: {}, headers }), 401, "unauthenticated");
  });

  it("401 for altered claims under the old signature", async () => {
    const [header, , signature] = anna.token.split(".");
    const claims = { ...decodeToken(anna.token).claims, sub: "1", roles: ["ROLE_ADMIN"], exp: 9_999_999_999 };
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    expectError(await me(gateway, `${header}.${payload}.${signature}`), 401, "unauthenticated");
  });

  it("401 for an altered, cut or missing signature", async () => {
    const dot = anna.token.lastIndexOf(".");
    const signature = anna.token.slice(dot + 1);
    const other = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
    for (const forged of [other, signature.slice(0, -2), signature.slice(0, 1), "", "AAAA", other.repeat(2)]) {
      expectError(await me(gateway, `${anna.token.slice(0, dot)}.${forged}`), 401, "unauthenticated");
    }
    expectError(await me(gateway, anna.token.slice(0, dot)), 401, "unauthenticated");
  });

  it("401 for alg none, with and without a signature", async () => {
    for (const alg of ["none", "None", "NONE", "nOnE"]) {
      const token = withHeader({ alg, typ: "JWT" });
      expectError(await me(gateway, token), 401, "unauthenticated");
      expectError(await me(gateway, token.slice(0, token.lastIndexOf(".") + 1)), 401, "unauthenticated");
    }
  });

  it("401 for another algorithm with the same secret", async () => {
    for (const [alg, hash] of [
      ["HS512", "sha512"],
      ["HS384", "sha384"],
    ] as const) {
      expectError(await me(gateway, withHeader({ alg, typ: "JWT" }, hash)), 401, "unauthenticated");
    }
  });

  it("401 for a key that the token names or brings itself", async () => {
    const own = "a secret of the attacker that is long enough";
    const jwk = { kty: "oct", k: Buffer.from(own).toString("base64url") };
    for (const header of [{ jwk }, { kid: "../../dev/null" }, { jku: "http://127.0.0.1:1/keys" }]) {
      const token = altered(() => ({ header: { alg: "HS256", typ: "JWT", ...header } }), own);
      expectError(await me(gateway, token), 401, "unauthenticated");
    }
  });

  it("401 for foreign secrets", async () => {
    for (const secret of ["another secret that is long enough too", "", "secret", testSecret.slice(0, -1)]) {
      expectError(
        await me(
          gateway,
          altered(() => ({}), secret),
        ),
        401,
        "unauthenticated",
      );
    }
  });

  it.each([
    ["issuer", { iss: "somebody" }],
    ["audience", { aud: "robin" }],
    ["type", { type: "refresh" }],
    ["session, one that does not exist", { sid: "0192a1b2-0000-7000-8000-000000000001" }],
    ["session that is no UUID", { sid: "1" }],
    ["user, one that does not exist", { sub: "999999" }],
    ["user beyond any number", { sub: "9".repeat(400) }],
    ["expiry in the past", { exp: 1 }],
    ["missing expiry", { exp: undefined }],
  ])("401 for a token with another %s, rightly signed", async (_what, claims) => {
    expectError(await me(gateway, withClaims(claims)), 401, "unauthenticated");
  });

  it("401 for a token whose user and session belong to two people, rightly signed", async () => {
    const { userId } = await gateway.signIn();
    expectError(await me(gateway, withClaims({ sub: String(userId) })), 401, "unauthenticated");
  });

  it("200 with the roles of the database, whatever the token says", async () => {
    const reader = await gateway.signIn("ROLE_READONLY");
    const { header, claims } = decodeToken(reader.token);
    const raised = { ...claims, roles: ["ROLE_ADMIN"], permissions: ["DELETE_QUEUE_ITEMS"] };
    const token = encodeToken({ header, claims: raised });
    expect((await me(gateway, token)).body).toMatchObject({ roles: ["ROLE_READONLY"] });
    expectError(await gateway.request("/api/v1/queue/any", { token, method: "DELETE" }), 403, "forbidden");
  });
});

describe("bearer token in the course of time", () => {
  it("200 a hundred times for one look at the session in the database", async () => {
    const { token } = await gateway.signIn();
    const asks = vi.spyOn(gateway.db.session, "findFirst");
    const ask = () => gateway.request("/api/v1/auth/verify", { token });
    const answers = await Promise.all(Array.from({ length: 100 }, ask));
    const first = asks.mock.calls.length;
    gateway.clock.advance(aSecondMs);
    await ask();
    const second = asks.mock.calls.length;
    asks.mockRestore();
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['{"valid":true}']));
    expect([first, second]).toEqual([1, 2]);
  });

  it("401 after 30 minutes, also for a token that the gateway remembers", async () => {
    const { token } = await gateway.signIn();
    gateway.clock.advance(1_798_000);
    expect((await me(gateway, token)).status).toBe(200);
    gateway.clock.advance(2000);
    expect(expectError(await me(gateway, token), 401, "unauthenticated").message).toBe("The access token has expired.");
  });

  it("401 once the session has expired, though the token has not", async () => {
    const { token, userId } = await gateway.signIn();
    expect((await me(gateway, token)).status).toBe(200);
    const expiresAt = new Date(gateway.clock.now().getTime() + 500);
    await gateway.db.session.updateMany({ where: { userId }, data: { expiresAt } });
    gateway.clock.advance(aSecondMs);
    expectError(await me(gateway, token), 401, "unauthenticated");
  });

  it("401 within a second of the session's or the user's deletion", async () => {
    const [first, second] = [await gateway.signIn(), await gateway.signIn()];
    for (const { token } of [first, second]) expect((await me(gateway, token)).status).toBe(200);
    await gateway.db.session.deleteMany({ where: { userId: first.userId } });
    await gateway.db.user.delete({ where: { id: second.userId } });
    gateway.clock.advance(aSecondMs);
    for (const { token } of [first, second]) expectError(await me(gateway, token), 401, "unauthenticated");
  });

  it("401 within a second for an account that somebody disables in the database itself", async () => {
    const { token, userId } = await gateway.signIn();
    expect((await me(gateway, token)).status).toBe(200);
    await gateway.db.user.update({ where: { id: userId }, data: { disabledAt: gateway.clock.now() } });
    gateway.clock.advance(aSecondMs);
    expectError(await me(gateway, token), 401, "unauthenticated");
  });

  it("403, then 404, within a second of a change of roles, with the same token", async () => {
    const { token, userId } = await gateway.signIn("ROLE_USER");
    const remove = () => gateway.request("/api/v1/queue/no-such-item", { method: "DELETE", token });
    expectError(await remove(), 403, "forbidden");
    await gateway.db.userRole.create({ data: { userId, role: "ROLE_OPERATOR" } });
    gateway.clock.advance(aSecondMs);
    expectError(await remove(), 404, "not_found");
    await gateway.db.userRole.deleteMany({ where: { userId, role: "ROLE_OPERATOR" } });
    gateway.clock.advance(aSecondMs);
    expectError(await remove(), 403, "forbidden");
  });

  it("401 for an ended session also when the clock was set back since it was last looked at", async () => {
    const { token, userId } = await gateway.signIn();
    expect((await me(gateway, token)).status).toBe(200);
    await gateway.db.session.updateMany({ where: { userId }, data: { revokedAt: new Date() } });
    gateway.clock.advance(-600_000);
    const answer = await me(gateway, token);
    gateway.clock.advance(600_000);
    expectError(answer, 401, "unauthenticated");
  });
});

describe("several secrets", () => {
  const [oldSecret, newSecret] = ["an old secret that is long enough ....", "a new secret that is long enough ....."];

  it("200 with a token of the old secret while it is in the list, 401 once it is removed", async () => {
    const before = await startTestGateway({ secrets: [oldSecret] });
    const rolling = await startTestGateway({ secrets: [newSecret, oldSecret], beside: before });
    const after = await startTestGateway({ secrets: [newSecret], beside: before });
    try {
      const [old, fresh] = [await before.signIn(), await rolling.signIn()];
      expect((await me(rolling, old.token)).status).toBe(200);
      expect((await me(rolling, fresh.token)).status).toBe(200);
      expect((await me(after, fresh.token)).status).toBe(200);
      expectError(await me(after, old.token), 401, "unauthenticated");
      expectError(await me(before, fresh.token), 401, "unauthenticated");
    } finally {
      await after.close();
      await rolling.close();
      await before.close();
    }
  });

  it("401 for HS256 where HS512 is configured, and 200 for its own tokens", async () => {
    const strong = await startTestGateway({ algorithm: "HS512", beside: gateway });
    try {
      expectError(await me(strong, anna.token), 401, "unauthenticated");
      const { token } = await strong.signIn();
      expect(decodeToken(token).header).toEqual({ alg: "HS512", typ: "JWT" });
      expect((await me(strong, token)).status).toBe(200);
    } finally {
      await strong.close();
    }
  });
});
