import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./harness.ts";
import { rawHead, sendRaw } from "./raw-http.ts";

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 30 } });
  token = (await gateway.signIn("ROLE_OPERATOR")).token;
});
afterAll(() => gateway.close());

let robinCalls = 0;
beforeEach(() => {
  robinCalls = gateway.simulator.requests.length;
});
const expectRobinUntouched = () => {
  expect(gateway.simulator.requests.length).toBe(robinCalls);
};

/** fetch would tidy such a path up before it sends it. */
const rawRequest = (method: string, path: string, headers: Record<string, string> = {}) =>
  sendRaw(gateway.url, rawHead(`${method} ${path}`, { authorization: `Bearer ${token}`, ...headers }));

describe("a REST path", () => {
  it.each([
    ["GET", "/api/v1"],
    ["GET", "/api/v1/"],
    ["GET", "/api/v1/nothing"],
    ["GET", "/api/v1/queues"],
    ["GET", "/api/v1/queuex"],
    ["GET", "/api/v1/queue/a/b/c"],
    ["POST", "/api/v1/queue/a/retry/b"],
    ["GET", "/api/v2/queue"],
    ["GET", "/api/v1x/queue"],
    ["GET", "/queue/a/b"],
    ["GET", "/queuex"],
    ["DELETE", "/nothing"],
    ["GET", "/"],
    ["GET", "/api/v1//queue"],
    ["GET", "//api/v1/queue"],
    ["GET", "//queue"],
    ["GET", "/api/v1/queue//"],
    ["POST", "/api/v1/queue//retry"],
    ["GET", "/api/v1/%2Fqueue"],
    ["GET", "/api/v1%2Fqueue"],
    ["GET", "/api%2Fv1/queue"],
    ["GET", "/%71ueue"],
  ])("404 in our shape for %s %s", async (method, path) => {
    const answer = await rawRequest(method, path);
    expect(answer.status).toBe(404);
    const body = JSON.parse(answer.body) as Record<string, unknown>;
    expect(body).toMatchObject({ error: "Not Found", code: "not_found", requestId: answer.headers["x-request-id"] });
    expect(Object.keys(body).sort()).toEqual(["code", "error", "message", "requestId"]);
    expectRobinUntouched();
  });

  it.each([
    ["GET", "/api/v1/queue/."],
    ["GET", "/api/v1/queue/.."],
    ["GET", "/api/v1/auth/../queue"],
    ["GET", "/api/v1/./queue"],
    ["GET", "/api/v1/../api/v1/queue"],
    ["GET", "/api/v1/auth/%2e%2e/queue"],
    ["POST", "/api/v1/queue/./retry"],
    ["POST", "/api/v1/queue/%2e/retry"],
    ["POST", "/api/v1/queue/%2E/delete"],
    ["POST", "/api/v1/queue/../retry"],
    ["POST", "/api/v1/queue/%2e%2e/retry"],
    ["DELETE", "/api/v1/queue/.."],
    ["DELETE", "/api/v1/queue/%2e."],
    ["POST", "/api/v1/queue/a\\..\\b/retry"],
    ["POST", "/api/v1/queue/a\\../bounce"],
    ["POST", "/api/v1/queue\\x\\retry"],
    ["GET", "/queue/../queue"],
    ["POST", "/queue/%2e/delete"],
  ])("404 for the detour %s %s, and Robin untouched", async (method, path) => {
    const body = '{"uids":["a"]}';
    const head = rawHead(`${method} ${path}`, {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "content-length": String(body.length),
    });
    const answer = await sendRaw(gateway.url, head + body);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body)).toMatchObject({ code: "not_found" });
    expectRobinUntouched();
  });

  it.each([
    ["a slash at its end", "/api/v1/queue/"],
    ["a slash at the end of the drop-in path", "/queue/"],
    ["capital letters", "/API/V1/Queue"],
    ["an empty query", "/api/v1/queue?"],
    ["a stray ampersand in its query", "/api/v1/queue?&limit=50&"],
  ])("200 with %s", async (_name, path) => {
    const answer = await gateway.request(path, { token });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ total: 30, limit: 50 });
  });

  it.each([
    ["PUT", "/api/v1/queue", "GET, POST, HEAD, OPTIONS"],
    ["PATCH", "/api/v1/queue", "GET, POST, HEAD, OPTIONS"],
    ["DELETE", "/queue", "GET, POST, HEAD, OPTIONS"],
    ["TRACE", "/api/v1/queue", "GET, POST, HEAD, OPTIONS"],
    ["PROPFIND", "/api/v1/queue", "GET, POST, HEAD, OPTIONS"],
    ["GET", "/api/v1/queue/retry", "POST, OPTIONS"],
    ["DELETE", "/api/v1/queue/retry", "POST, OPTIONS"],
    ["POST", "/api/v1/queue/some-uid", "GET, DELETE, HEAD, OPTIONS"],
    ["HEAD", "/api/v1/queue/some-uid/bounce", "POST, OPTIONS"],
    ["GET", "/api/v1/queue/some-uid/retry", "POST, OPTIONS"],
    ["GET", "/api/v1/auth/login", "POST, OPTIONS"],
    ["POST", "/api/v1/auth/me", "GET, HEAD, OPTIONS"],
    ["POST", "/api/v1/health/aggregate", "GET, HEAD, OPTIONS"],
    ["DELETE", "/health/aggregate", "GET, HEAD, OPTIONS"],
  ])("405 with Allow for %s %s", async (method, path, allow) => {
    const answer = await rawRequest(method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe(allow);
    if (method !== "HEAD")
      expect(JSON.parse(answer.body)).toMatchObject({ error: "Method Not Allowed", code: "method_not_allowed" });
    expectRobinUntouched();
  });

  it("405 rather than another method for X-HTTP-Method-Override", async () => {
    const answer = await rawRequest("GET", "/api/v1/queue/some-uid/retry", { "x-http-method-override": "POST" });
    expect(answer.status).toBe(405);
    expectRobinUntouched();
  });

  it.each([
    ["/api/v1/queue", "GET, POST, HEAD, OPTIONS"],
    ["/queue/some-uid", "GET, DELETE, HEAD, OPTIONS"],
    ["/api/v1/auth/login", "POST, OPTIONS"],
  ])("204 with Allow for OPTIONS %s, without a token", async (path, allow) => {
    const answer = await gateway.request(path, { method: "OPTIONS" });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("allow")).toBe(allow);
    expect(answer.text).toBe("");
  });

  it("404 for OPTIONS of an unknown path", async () => {
    expect((await gateway.request("/api/v1/nothing", { method: "OPTIONS" })).status).toBe(404);
  });

  it.each([
    "/api/v1/queue?limit=2",
    "/api/v1/queue?limit=1000",
    "/queue",
    "/health/aggregate",
    "/api/v1/queue?limit=0",
  ])("the status and the headers of GET, and no body, for HEAD %s", async (path) => {
    const [head, get] = [
      await gateway.request(path, { token, method: "HEAD" }),
      await gateway.request(path, { token }),
    ];
    expect(head.status).toBe(get.status);
    expect(head.text).toBe("");
    for (const name of ["content-type", "cache-control", "vary"]) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
  });

  it("401 for HEAD without a token", async () => {
    expect((await gateway.request("/api/v1/queue", { method: "HEAD" })).status).toBe(401);
  });

  it("200 with compression when it pays and was asked for, and the same body without", async () => {
    const plain = await gateway.request("/api/v1/queue?limit=1000", {
      token,
      headers: { "accept-encoding": "identity" },
    });
    const packed = await gateway.request("/api/v1/queue?limit=1000", { token, headers: { "accept-encoding": "gzip" } });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(plain.headers.get("content-length")).toBe(String(Buffer.byteLength(plain.text)));
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    expect(packed.headers.get("content-length")).toBeNull();
    expect(packed.body).toEqual(plain.body);
  });
});

describe("an address that is not one", () => {
  it.each([
    ["a blank in the path", "GET /api/v1/queue x HTTP/1.1\r\nhost: a\r\n\r\n"],
    ["no HTTP at all", "\u0016\u0003\u0001\r\n\r\n"],
    ["no host", "GET /api/v1/queue HTTP/1.1\r\nconnection: close\r\n\r\n"],
    ["a header without a colon", "GET /queue HTTP/1.1\r\nhost: a\r\nnonsense\r\n\r\n"],
    ["a NUL in a header", "GET /queue HTTP/1.1\r\nhost: a\r\nx: a\u0000b\r\n\r\n"],
  ])("400 and the end of the connection for %s", async (_name, bytes) => {
    const answer = await sendRaw(gateway.url, bytes);
    expect(answer.status).toBe(400);
    expectRobinUntouched();
  });

  it("400, not 500, for a host that makes no URL, by both roads", async () => {
    for (const path of ["/api/v1/users", "/trpc/queue.list?input=%7B%22json%22%3A%7B%7D%7D"]) {
      const answer = await rawRequest("GET", path, { host: "a b[" });
      expect(answer.status, path).toBe(400);
    }
  });

  it("200 for the absolute form that proxies send, 404 when another server is meant by its path", async () => {
    expect((await rawRequest("GET", "http://gateway.test/api/v1/queue")).status).toBe(200);
    expect((await rawRequest("GET", "http://gateway.test/nothing")).status).toBe(404);
  });

  it("431 for a head that is too large", async () => {
    const answer = await rawRequest("GET", "/api/v1/queue", { "x-large": "x".repeat(20_000) });
    expect(answer.status).toBe(431);
  });
});
