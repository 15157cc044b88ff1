import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  auditOf,
  createAccount,
  expectError,
  expectTrpcError,
  grantedBy,
  login,
  rawRequest,
  setCookieOf,
} from "./auth-support.ts";
import { startTestGateway, type TestGateway, testPassword } from "./harness.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const username = "anna@example.test";
const path = "/api/v1/auth/login";

describe("POST /api/v1/auth/login with a wrong body", () => {
  it.each([
    ["nothing", {}, ["username", "password"]],
    ["no password", { username }, ["password"]],
    ["no name", { password: testPassword }, ["username"]],
    ["an empty name", { username: "", password: testPassword }, ["username"]],
    ["a name of spaces", { username: "   ", password: testPassword }, ["username"]],
    ["an empty password", { username, password: "" }, ["password"]],
    ["a name that is a number", { username: 1, password: testPassword }, ["username"]],
    ["a name that is an object", { username: { contains: "admin" }, password: testPassword }, ["username"]],
    ["a password that is an array", { username, password: [testPassword] }, ["password"]],
    ["nulls", { username: null, password: null }, ["username", "password"]],
    ["rememberMe that is no boolean", { username, password: testPassword, rememberMe: "maybe" }, ["rememberMe"]],
    ["a field too many", { username, password: testPassword, admin: true }, [""]],
    ["a name of 256 characters", { username: `${"a".repeat(243)}@example.test`, password: testPassword }, ["username"]],
    ["a name with a NUL, which no database text can hold", { username: "a\u0000b", password: "x" }, ["username"]],
    ["a name with half a surrogate pair", { username: "a\ud800", password: "x" }, ["username"]],
    ["a password of 1025 characters", { username, password: "x".repeat(1025) }, ["password"]],
  ])("400 for %s", async (_what, body, paths) => {
    const answer = await gateway.request(path, { body });
    const { issues } = expectError(answer, 400, "invalid_input");
    expect(issues?.map((issue) => issue.path)).toEqual(paths);
    expect(answer.text).not.toContain(testPassword);
    expect(setCookieOf(answer)).toBeUndefined();
    expect(await auditOf(gateway, answer)).toEqual([]);
    expectTrpcError(await gateway.request("/trpc/auth.login", { body: { json: body } }), 400, "invalid_input");
  });

  it.each(["[]", '["a"]', '"text"', "1", "true", "null"])("400 for the JSON %s, which is no object", async (body) => {
    expectError(await gateway.request(path, { body }), 400, "invalid_input");
    expectTrpcError(await gateway.request("/trpc/auth.login", { body: `{"json":${body}}` }), 400, "invalid_input");
  });

  it.each(["{", "", "username=a&password=b", '{"username":"a",}', "\u0000"])(
    "400 for %j, which is no JSON",
    async (body) => {
      expectError(await gateway.request(path, { body }), 400, "invalid_input");
    },
  );

  it.each(["null", "1", "[]", '"text"', "{}", "{"])("400 for the body %s on /trpc", async (body) => {
    expectTrpcError(await gateway.request("/trpc/auth.login", { body }), 400, "invalid_input");
  });

  it("400 that does not repeat a password out of broken JSON", async () => {
    for (const road of [path, "/trpc/auth.login"]) {
      const answer = await gateway.request(road, { body: "hunter2secret" });
      expect(answer.status).toBe(400);
      expect(answer.text).not.toContain("hunter2");
    }
  });

  it("400 for credentials in the query, where every proxy would log them", async () => {
    const user = await createAccount(gateway);
    const query = new URLSearchParams({ username: user.username, password: testPassword });
    const answer = await gateway.request(`${path}?${query.toString()}`, { body: {} });
    expectError(answer, 400, "invalid_input");
    expect(JSON.stringify(gateway.logs)).not.toContain("correct+horse");
  });

  it("415 for a form", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expectError(await gateway.request(path, { body: "username=a&password=b", headers }), 415, "unsupported_media_type");
  });

  it("405 with Allow for GET", async () => {
    const answer = await gateway.request(path);
    expectError(answer, 405, "method_not_allowed");
    expect(answer.headers.get("allow")).toBe("POST, OPTIONS");
  });

  it("405 for GET on /trpc, with credentials in the address", async () => {
    const user = await createAccount(gateway);
    const input = JSON.stringify({ json: { username: user.username, password: testPassword } });
    const answer = await gateway.request(`/trpc/auth.login?input=${encodeURIComponent(input)}`);
    expectTrpcError(answer, 405, "method_not_allowed");
    expect(setCookieOf(answer)).toBeUndefined();
    expect(await gateway.db.session.count({ where: { userId: user.id } })).toBe(0);
  });
});

describe("POST /api/v1/auth/login with an odd password or name", () => {
  const accountWith = async (password: string) =>
    createAccount(gateway, { passwordHash: await gateway.deps.passwords.hash(password) });

  it("200 for a password of exactly 72 bytes, 401 for that one with more behind it", async () => {
    const longest = "ä".repeat(36);
    const user = await accountWith(longest);
    grantedBy(await login(gateway, user.username, longest));
    for (const longer of [`${longest}x`, longest + longest, `${longest} `]) {
      expectError(await login(gateway, user.username, longer), 401, "unauthenticated");
    }
  });

  it("401 for the password repeated with a NUL between, which bcrypt takes for the same", async () => {
    const user = await accountWith("password1");
    for (const password of ["password1\u0000password1", "password1\u0000", "\u0000password1"]) {
      expectError(await login(gateway, user.username, password), 401, "unauthenticated");
    }
  });

  it.each([
    ["in upper case", "PASSWORD1"],
    ["with a space before", " password1"],
    ["with a space behind", "password1 "],
  ])("401 for the password %s", async (_how, password) => {
    const user = await accountWith("password1");
    expectError(await login(gateway, user.username, password), 401, "unauthenticated");
  });

  it.each([
    ["SQL", "' OR 1=1 --"],
    ["a pattern", "%"],
    ["letters that grow in lower case", "İ".repeat(255)],
    ["the longest name", `${"a".repeat(242)}@example.test`],
  ])("401 for a name that is %s", async (_what, name) => {
    const answer = await login(gateway, name);
    expectError(answer, 401, "unauthenticated");
    expect(await auditOf(gateway, answer)).toHaveLength(1);
  });
});

describe("POST /api/v1/auth/login from an odd client", () => {
  const userAgents: [string, string, string][] = [
    ["none", "", ""],
    ["of 4000 characters", "x".repeat(4000), "x".repeat(255)],
    ["with bytes beyond ASCII", "Robin \u00e4\u00ff", "Robin \u00e4\u00ff"],
  ];
  it.each(userAgents)("200 with a user agent %s", async (_what, userAgent, stored) => {
    const user = await createAccount(gateway);
    grantedBy(
      await gateway.request(path, {
        body: { username: user.username, password: testPassword },
        headers: { "user-agent": userAgent },
      }),
    );
    expect(await gateway.db.session.findFirst({ where: { userId: user.id } })).toMatchObject({ userAgent: stored });
  });

  it("200 with a request id of 128 characters, and one of our own for a longer or odd one", async () => {
    const user = await createAccount(gateway);
    const body = { username: user.username, password: testPassword };
    const sane = `sane-${user.id}-`.padEnd(128, "x");
    const given = [sane, `${sane}x`, "with space", "{}"];
    for (const requestId of given) {
      const answer = await gateway.request(path, { body, headers: { "x-request-id": requestId } });
      grantedBy(answer);
      expect(answer.headers.get("x-request-id") === requestId).toBe(requestId === sane);
      expect(await auditOf(gateway, answer)).toHaveLength(1);
    }
  });

  it("431 for a head that is too large, in the usual shape", async () => {
    const { status, text } = await rawRequest(gateway, path, { headers: { cookie: "x".repeat(20_000) } });
    expect(status).toBe(431);
    expect(JSON.parse(text)).toMatchObject({ code: "invalid_input", requestId: expect.any(String) as string });
  });
});
