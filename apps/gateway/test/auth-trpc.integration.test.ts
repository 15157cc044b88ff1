import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  auditOf,
  createAccount,
  expectClearedCookie,
  expectTrpcError,
  grantedBy,
  login,
  type LoginBody,
  me,
  refresh,
  setCookieOf,
} from "./auth-support.ts";
import { type Answer, startTestGateway, type TestGateway, testPassword } from "./harness.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

type Headers = Record<string, string>;

const call = (path: string, input?: unknown, headers: Headers = {}) =>
  gateway.request(`/trpc/${path}`, { body: input === undefined ? {} : { json: input }, headers });

const batch = (calls: [path: string, input: unknown][], headers: Headers = {}) =>
  gateway.request(`/trpc/${calls.map(([path]) => path).join(",")}?batch=1`, {
    body: Object.fromEntries(calls.map(([, input], index) => [index, { json: input }])),
    headers,
  });

const resultOf = (answer: Answer) => (answer.body as { result: { data: { json: unknown } } }).result.data.json;
const credentials = async () => ({ username: (await createAccount(gateway)).username, password: testPassword });

describe("POST /trpc/auth.login", () => {
  it("200 with the same answer and cookie as REST", async () => {
    const input = await credentials();
    const [overTrpc, overRest] = [await call("auth.login", input), await login(gateway, input.username)];
    expect(overTrpc.status).toBe(200);
    expect(overTrpc.headers.get("cache-control")).toBe("no-store");
    const other = { accessToken: expect.any(String) as string };
    const { tokens, ...rest } = overRest.body as LoginBody;
    expect(resultOf(overTrpc)).toStrictEqual({ ...rest, tokens: { ...tokens, ...other } });
    expect(setCookieOf(overTrpc)?.attributes).toEqual(setCookieOf(overRest)?.attributes);
    grantedBy(await refresh(gateway, `refreshToken=${setCookieOf(overTrpc)?.value ?? ""}`));
  });

  it("200 in a batch with others, and the cookie comes along", async () => {
    const answer = await batch([
      ["auth.login", await credentials()],
      ["auth.logout", undefined],
    ]);
    expect(answer.status).toBe(200);
    expect(answer.body).toHaveLength(2);
    const alone = await batch([["auth.login", await credentials()]]);
    grantedBy(await refresh(gateway, `refreshToken=${setCookieOf(alone)?.value ?? ""}`));
  });

  it("401 with the words of REST for a wrong password and for an unknown user", async () => {
    const { username } = await credentials();
    for (const name of [username, "nobody@example.test"]) {
      const answer = await call("auth.login", { username: name, password: "not the password" });
      expect(expectTrpcError(answer, 401, "unauthenticated").message).toBe("Invalid username or password");
      expect(setCookieOf(answer)).toBeUndefined();
      expect(await auditOf(gateway, answer)).toEqual([
        expect.objectContaining({ outcome: "FAILED", errorCode: "unauthenticated", targets: [name] }),
      ]);
    }
  });

  it("403 for a disabled user with the right password", async () => {
    const { username } = await createAccount(gateway, { disabledAt: gateway.clock.now() });
    expectTrpcError(await call("auth.login", { username, password: testPassword }), 403, "forbidden");
  });

  it("207 for a batch of which one login is right, with the cookie of that one", async () => {
    const input = await credentials();
    const answer = await batch([
      ["auth.login", { ...input, password: "not the password" }],
      ["auth.login", input],
    ]);
    expect(answer.status).toBe(207);
    const [wrong, right] = answer.body as [{ error: { json: { message: string } } }, { result: object }];
    expect(wrong.error.json.message).toBe("Invalid username or password");
    expect(right.result).toBeDefined();
    grantedBy(await refresh(gateway, `refreshToken=${setCookieOf(answer)?.value ?? ""}`));
  });
});

describe("POST /trpc/auth.refresh and auth.logout", () => {
  it("200 with a new token and cookie, and the session of before", async () => {
    const anna = await gateway.signIn();
    const answer = await call("auth.refresh", undefined, { cookie: anna.cookie });
    expect(answer.status).toBe(200);
    const { accessToken } = resultOf(answer) as { accessToken: string };
    expect((await me(gateway, accessToken)).body).toMatchObject({ id: anna.userId });
    expect(setCookieOf(answer)?.value).not.toBe(anna.cookie.slice("refreshToken=".length));
  });

  it("401 with the cookie cleared for one that is none, without a cookie untouched", async () => {
    const answer = await call("auth.refresh", undefined, { cookie: "refreshToken=nonsense" });
    expectTrpcError(answer, 401, "unauthenticated");
    expectClearedCookie(answer);
    const without = await call("auth.refresh");
    expectTrpcError(without, 401, "unauthenticated");
    expect(setCookieOf(without)).toBeUndefined();
  });

  it("200 for a log-out, with a bearer that is none, twice", async () => {
    const anna = await gateway.signIn();
    for (const authorization of [`Bearer ${anna.token}`, `Bearer ${anna.token}`, "Bearer nonsense", "Basic YTpi"]) {
      const answer = await call("auth.logout", undefined, { authorization, cookie: anna.cookie });
      expect(answer.status).toBe(200);
      expect(resultOf(answer)).toEqual({ success: true });
      expectClearedCookie(answer);
    }
    expect((await me(gateway, anna.token)).status).toBe(401);
  });
});

describe("GET /trpc/auth.me and auth.verify", () => {
  it("200 with dates as dates", async () => {
    const anna = await gateway.signIn();
    const answer = await gateway.request("/trpc/auth.me", { token: anna.token });
    expect(answer.status).toBe(200);
    expect(resultOf(answer)).toMatchObject({ id: anna.userId, user: { id: anna.userId } });
    const { data } = (answer.body as { result: { data: { meta: unknown } } }).result;
    expect(data.meta).toMatchObject({ values: { createdAt: ["Date"], lastLoginAt: ["Date"] } });
  });

  it("200 and false for a token that is none, never 401", async () => {
    for (const headers of [{}, { authorization: "Bearer nonsense" }, { authorization: "Basic YTpi" }] as Headers[]) {
      const answer = await gateway.request("/trpc/auth.verify", { headers });
      expect({ status: answer.status, result: resultOf(answer) }).toEqual({ status: 200, result: { valid: false } });
    }
  });
});

describe("streamed batch", () => {
  /** Line by line, though it calls itself JSON. */
  async function stream(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(gateway.url + path, init);
    const { status, headers } = response;
    return { status, headers, text: await response.text(), body: undefined };
  }
  const streamBatch = (path: string, input: unknown, headers: Headers) =>
    stream(`/trpc/${path}?batch=1`, {
      method: "POST",
      body: JSON.stringify({ 0: { json: input } }),
      headers: { "content-type": "application/json", ...headers },
    });

  // Each of these makes tRPC send the head of the answer before a procedure has run.
  const streamed: [how: string, headers: Headers][] = [
    ["trpc-accept", { "trpc-accept": "application/jsonl" }],
    ["accept", { accept: "application/jsonl" }],
    ["accept among others", { accept: "application/json, application/jsonl" }],
  ];

  it.each(streamed)(
    "412 within the stream for a login asked for by %s, before anything happens",
    async (_how, headers) => {
      const input = await credentials();
      const answer = await streamBatch("auth.login", input, headers);
      expect(answer.text).toContain("precondition_failed");
      expect(answer.text).not.toContain("accessToken");
      expect(setCookieOf(answer)).toBeUndefined();
      const { username } = input;
      expect(await gateway.db.session.count({ where: { user: { username } } })).toBe(0);
      expect(await auditOf(gateway, answer)).toEqual([]);
    },
  );

  it.each(streamed)(
    "412 within the stream for refresh and logout asked for by %s, and the session goes on",
    async (_how, headers) => {
      const anna = await gateway.signIn();
      for (const path of ["auth.refresh", "auth.logout"]) {
        const authorization = `Bearer ${anna.token}`;
        const answer = await streamBatch(path, undefined, { ...headers, cookie: anna.cookie, authorization });
        expect(answer.text).toContain("precondition_failed");
        expect(setCookieOf(answer)).toBeUndefined();
        expect(await auditOf(gateway, answer)).toEqual([]);
      }
      const used = await gateway.db.refreshToken.count({
        where: { session: { userId: anna.userId }, usedAt: { not: null } },
      });
      expect(used).toBe(0);
      expect((await me(gateway, anna.token)).status).toBe(200);
    },
  );

  it("200 within the stream for what sets no cookie", async () => {
    const anna = await gateway.signIn();
    const headers = { "trpc-accept": "application/jsonl", authorization: `Bearer ${anna.token}` };
    const input = encodeURIComponent(JSON.stringify({}));
    const answer = await stream(`/trpc/auth.me,auth.verify?batch=1&input=${input}`, { headers });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(anna.username);
  });

  it("200 for a login on REST, which streams nothing, whatever it accepts", async () => {
    const input = await credentials();
    for (const [, headers] of streamed) {
      const answer = await gateway.request("/api/v1/auth/login", { body: input, headers });
      grantedBy(answer);
    }
  });
});
