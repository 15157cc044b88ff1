import { once } from "node:events";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./harness.ts";

const uiOrigin = "https://ui.example.com";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ app: { corsOrigins: [uiOrigin] } });
});
afterAll(() => gateway.close());

/** Sends bytes as they are and reads until the server closes. */
async function sendRaw(text: string): Promise<string> {
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
  socket.end(text);
  await once(socket, "close");
  return answer;
}

describe("security headers", () => {
  it("lets an answer load nothing, be framed by nobody, and be taken for nothing else", async () => {
    const { headers } = await gateway.request("/health/live");
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none';frame-ancestors 'none';base-uri 'none';form-action 'none'",
    );
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("x-powered-by")).toBeNull();
  });

  it("keeps answers about people and mail out of every cache", async () => {
    const { token } = await gateway.signIn();
    for (const path of ["/api/v1/queue", "/api/v1/auth/me", "/trpc/queue.list", "/api/v1/nothing"]) {
      expect((await gateway.request(path, { token })).headers.get("cache-control"), path).toBe("no-store");
    }
  });
});

describe("CORS", () => {
  it("lets a configured origin call with credentials, PATCH included", async () => {
    const preflight = await gateway.request("/api/v1/queue", {
      method: "OPTIONS",
      headers: { origin: uiOrigin, "access-control-request-method": "PATCH" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(uiOrigin);
    expect(preflight.headers.get("access-control-allow-credentials")).toBe("true");
    expect(preflight.headers.get("access-control-allow-methods")).toContain("PATCH");
  });

  it("says nothing to a foreign origin, so that its browser refuses", async () => {
    const { headers } = await gateway.request("/health/live", { headers: { origin: "https://evil.example" } });
    expect(headers.get("access-control-allow-origin")).not.toBe("https://evil.example");
    expect(headers.get("access-control-allow-origin")).not.toBe("*");
  });
});

describe("compression", () => {
  it("shrinks answers from 1000 bytes for callers who can read it", async () => {
    const compressed = await fetch(`${gateway.url}/openapi.json`, { headers: { "accept-encoding": "gzip" } });
    expect(compressed.headers.get("content-encoding")).toBe("gzip");
    expect(compressed.headers.get("vary")).toContain("Accept-Encoding");
    const plain = await gateway.request("/openapi.json", { headers: { "accept-encoding": "identity" } });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await compressed.json()).toEqual(plain.body);
  });

  it("leaves small answers alone, with their length", async () => {
    const small = await sendRaw(
      "GET /api/v1/auth/verify HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n",
    );
    expect(small.toLowerCase()).not.toContain("content-encoding");
    expect(small.toLowerCase()).toContain("content-length: 15");
    expect(() => gunzipSync(small)).toThrow();
  });
});

describe("documentation", () => {
  it("200 for the OpenAPI document at both of its paths", async () => {
    const [first, alias] = [await gateway.request("/openapi.json"), await gateway.request("/v3/api-docs")];
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ openapi: "3.1.0", info: { title: "Robin Gateway" } });
    expect(alias.body).toEqual(first.body);
  });

  it.each(["/docs", "/redoc"])("200 at %s with scripts of our own origin only", async (path) => {
    const page = await gateway.request(path);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self';");
    const assets = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? "");
    expect(assets.length).toBeGreaterThan(0);
    for (const asset of assets) expect((await gateway.request(asset)).status, asset).toBe(200);
    expect(page.text).not.toMatch(/https?:\/\//);
  });

  it("302 from the former gateway's path", async () => {
    const answer = await gateway.request("/swagger-ui.html");
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "/docs"]);
  });

  it("404 for what is not a file of the page, also when the path climbs", async () => {
    for (const path of [
      "/docs/nothing.js",
      "/docs/../package.json",
      "/docs/%2e%2e%2fpackage.json",
      "/docs/..%5cpackage.json",
    ]) {
      const answer = await gateway.request(path);
      expect(answer.status, path).toBeGreaterThanOrEqual(400);
      expect(answer.text).not.toContain("dependencies");
    }
  });
});

describe("requests that Node's parser refuses", () => {
  it("400 as JSON with a request id when it is not HTTP", async () => {
    const answer = await sendRaw("not http at all\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toMatchObject({
      error: "Bad Request",
      code: "invalid_input",
    });
  });

  it("431 when the head is too large", async () => {
    const answer = await sendRaw(`GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${"x".repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 431 /);
  });

  it("400 when two lengths disagree, so that nothing can be smuggled", async () => {
    const answer = await sendRaw(
      "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });
});

describe("request log", () => {
  it("has one line a request, without its query, token or body", async () => {
    const { token, userId } = await gateway.signIn();
    const answer = await gateway.request("/api/v1/queue?limit=1", { token });
    const requestId = answer.headers.get("x-request-id");
    const lines = gateway.logs.filter((line) => line.requestId === requestId && line.msg === "request");
    expect(lines).toEqual([
      expect.objectContaining({ method: "GET", path: "/api/v1/queue", status: 200, userId, ipAddress: "127.0.0.1" }),
    ]);
    expect(JSON.stringify(gateway.logs)).not.toContain(token);
  });
});
