import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Answer, startTestGateway, type TestGateway } from "./harness.ts";
import { rawHead, sendRaw } from "./raw-http.ts";

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 5 } });
  token = (await gateway.signIn("ROLE_OPERATOR")).token;
});
afterAll(() => gateway.close());

let robinCalls = 0;
beforeEach(() => {
  robinCalls = gateway.simulator.requests.length;
});

interface Failure {
  message: string;
  data: { httpStatus: number; appCode: string; requestId: string; path?: string };
}
const get = (path: string, input?: string) =>
  gateway.request(`/trpc/${path}${input === undefined ? "" : `?input=${encodeURIComponent(input)}`}`, { token });
const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  gateway.request(`/trpc/${path}`, { method: "POST", token, body, headers });
const failureIn = (answer: Answer) => (answer.body as { error: { json: Failure } }).error.json;

function expectFailure(answer: Answer, status: number, appCode: string) {
  expect(answer.status, answer.text).toBe(status);
  expect(failureIn(answer).data).toMatchObject({
    httpStatus: status,
    appCode,
    requestId: answer.headers.get("x-request-id"),
  });
  expect(answer.text).not.toMatch(/stack|node_modules|\.ts:/);
  expect(gateway.simulator.requests.length).toBe(robinCalls);
}

describe("/trpc", () => {
  it.each([
    "queue",
    "queue.nothing",
    "nothing",
    "",
    "queue.list.x",
    "__proto__",
    "constructor",
    "toString",
    "queue.__proto__",
  ])("404 for the procedure '%s'", async (path) => {
    expectFailure(await get(path), 404, "not_found");
  });

  it.each([
    ["GET", "queue.retry", "POST"],
    ["GET", "auth.login", "POST"],
    ["POST", "queue.list", "GET"],
  ])("405 with Allow for %s %s", async (method, path, allow) => {
    const answer = await gateway.request(`/trpc/${path}`, { method, token, ...(method === "POST" && { body: {} }) });
    expectFailure(answer, 405, "method_not_allowed");
    expect(answer.headers.get("allow")).toBe(allow);
  });

  it.each(["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])("405 with Allow for the method %s", async (method) => {
    const answer = await sendRaw(
      gateway.url,
      rawHead(`${method} /trpc/queue.list`, { authorization: `Bearer ${token}` }),
    );
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe("GET, HEAD, POST, OPTIONS");
    expect(JSON.parse(answer.body)).toMatchObject({ requestId: answer.headers["x-request-id"] });
    expect(gateway.simulator.requests.length).toBe(robinCalls);
  });

  it("204 with Allow for OPTIONS", async () => {
    const answer = await gateway.request("/trpc/queue.list", { method: "OPTIONS" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([204, "GET, HEAD, POST, OPTIONS"]);
  });

  it.each([
    ["text", "nonsense"],
    ["JSON cut off", '{"json":{"limit":'],
    ["a superjson path into the prototype", '{"json":{"limit":1},"meta":{"values":{"__proto__.x":["Date"]}}}'],
    ["a superjson path by constructor", '{"json":{"limit":1},"meta":{"values":{"constructor.prototype.x":["Date"]}}}'],
    ["an unknown superjson type", '{"json":{"limit":1},"meta":{"values":{"limit":["nonsense"]}}}'],
    ["an unknown superjson class", '{"json":{"limit":1},"meta":{"values":{"limit":[["class","Secret"]]}}}'],
    ["a bigint that is none", '{"json":{"limit":"x"},"meta":{"values":{"limit":["bigint"]}}}'],
    ["a regular expression that is none", '{"json":{"protocol":"/(/"},"meta":{"values":{"protocol":["regexp"]}}}'],
    ["a date instead of a number", '{"json":{"limit":"2026-01-01"},"meta":{"values":{"limit":["Date"]}}}'],
    ["a list", '{"json":[]}'],
    ["null", '{"json":null}'],
    ["a number", "7"],
  ])("400 for an input that is %s, by GET and by POST, with a message of ours", async (_name, input) => {
    const answers = [await get("queue.list", input), await post("queue.retryMany", input.replace("limit", "uids"))];
    for (const answer of answers) {
      expectFailure(answer, 400, "invalid_input");
      expect(failureIn(answer).message).toMatch(/^The (input|body) (is not valid|cannot be read|is not valid JSON)/);
    }
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it.each([
    ["a path that leads nowhere", { values: { "a.b.c": ["Date"] } }],
    ["another kind", 7],
  ])("200 with superjson's meta of %s, which does nothing", async (_name, meta) => {
    expect((await get("queue.list", JSON.stringify({ json: { limit: 1 }, meta }))).status).toBe(200);
  });

  it.each([
    "text/plain",
    "application/xml",
    "application/jsonx",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
  ])("415 with the request id for a mutation as %s", async (type) => {
    const answer = await post("queue.retry", "--x\r\nuid=a", { "content-type": type });
    expect(answer.status).toBe(415);
    expect(answer.body).toMatchObject({
      code: "unsupported_media_type",
      requestId: answer.headers.get("x-request-id"),
    });
    expect(gateway.simulator.requests.length).toBe(robinCalls);
  });

  it("400 for a mutation without a body, and 200 for one that needs none", async () => {
    const nothing = { method: "POST", token, headers: { "content-type": "text/plain" } };
    expectFailure(await gateway.request("/trpc/queue.retry", nothing), 400, "invalid_input");
    const { token: other } = await gateway.signIn("ROLE_USER");
    expect((await gateway.request("/trpc/auth.logout", { method: "POST", token: other })).status).toBe(200);
  });

  it("500 with the cause in the log when it happens before the procedure", async () => {
    const { clock } = gateway.deps;
    Object.defineProperty(gateway.deps, "clock", {
      configurable: true,
      get: () => {
        throw new TypeError("hunter2");
      },
    });
    const answer = await gateway.request("/trpc/auth.verify");
    Object.defineProperty(gateway.deps, "clock", { configurable: true, value: clock });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain("hunter2");
    const lines = gateway.logs.filter((line) => line.requestId === answer.headers.get("x-request-id"));
    expect(lines).toMatchObject([{ level: 50, err: { message: "hunter2" } }, { status: 500 }]);
  });

  it("400 for a batch of more calls than one request may make", async () => {
    const batch = (calls: number) => {
      const paths = Array.from({ length: calls }, () => "auth.verify").join(",");
      return gateway.request(`/trpc/${paths}?batch=1`, { token });
    };
    expect((await batch(20)).status).toBe(200);
    expect((await batch(21)).status).toBe(400);
  });

  it("207 for a batch of which one call is bad, and the other one answered", async () => {
    const input = encodeURIComponent(JSON.stringify({ 0: { json: { limit: 2 } }, 1: { json: { limit: 0 } } }));
    const answer = await gateway.request(`/trpc/queue.list,queue.list?batch=1&input=${input}`, { token });
    expect(answer.status).toBe(207);
    const [good, bad] = answer.body as [
      { result: { data: { json: { items: unknown[] } } } },
      { error: { json: Failure } },
    ];
    expect(good.result.data.json.items).toHaveLength(2);
    expect(bad.error.json.data).toMatchObject({ httpStatus: 400, appCode: "invalid_input" });
  });

  it("404 for the unknown one of a batch, and the other one answered", async () => {
    const answer = await gateway.request("/trpc/auth.verify,queue.nothing?batch=1", { token });
    expect(answer.status).toBe(207);
    const [good, bad] = answer.body as [unknown, { error: { json: Failure } }];
    expect(good).toMatchObject({ result: { data: { json: { valid: true } } } });
    expect(bad.error.json.data).toMatchObject({ httpStatus: 404, appCode: "not_found" });
  });

  it("400 for a batch that mixes queries and mutations, or whose input is no object", async () => {
    expect((await gateway.request("/trpc/auth.verify,queue.retry?batch=1", { token })).status).toBe(400);
    expect((await gateway.request("/trpc/queue.list,queue.list?batch=1&input=%5B", { token })).status).toBe(400);
    expect(gateway.simulator.requests.length).toBe(robinCalls);
  });

  it("401 for each call of a batch without a token", async () => {
    const input = encodeURIComponent(JSON.stringify({ 0: { json: {} }, 1: { json: {} } }));
    const answer = await gateway.request(`/trpc/queue.list,queue.list?batch=1&input=${input}`);
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject([
      { error: { json: { data: { httpStatus: 401 } } } },
      { error: { json: { data: { httpStatus: 401 } } } },
    ]);
  });

  it("200 with no-store and no cookie", async () => {
    const answer = await get("queue.list", '{"json":{}}');
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.getSetCookie()).toEqual([]);
  });
});
