import { once } from "node:events";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { startTestGateway, type TestGateway } from "./harness.ts";

const origin = "https://ui.example.test";
const queueInput = encodeURIComponent(JSON.stringify({ json: { limit: 50 } }));

let gateway: TestGateway;
let token: string;
/** Express signs in by it, the front handler does not. */
let signIns: MockInstance;
beforeAll(async () => {
  gateway = await startTestGateway({
    cache: true,
    app: { corsOrigins: [origin] },
    limits: { userPerMinute: 10_000, queuePerMinute: 10_000, anonymousPerMinute: 10_000 },
  });
  ({ token } = await gateway.signIn("ROLE_READONLY"));
  signIns = vi.spyOn(gateway.deps.authenticator, "authenticate");
});
afterAll(() => gateway.close());

beforeEach(async () => {
  // What was remembered of the session before is too old by now.
  gateway.clock.advance(1000);
  await gateway.request("/api/v1/auth/me", { token });
  signIns.mockClear();
});
afterEach(() => {
  gateway.simulator.faults.clear();
});

interface Sent {
  method?: string;
  headers?: Record<string, string | string[]>;
  /** Without the token. */
  anonymous?: boolean;
}

async function send(path: string, { method = "GET", headers = {}, anonymous }: Sent = {}) {
  const all = { "x-request-id": "fixed", ...(!anonymous && { authorization: `Bearer ${token}` }), ...headers };
  const request = httpRequest(gateway.url + path, { method, agent: false, headers: all }).end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const body = await buffer(response);
  const pairs = response.rawHeaders.flatMap((name, at) =>
    at % 2 === 0 ? [`${name}: ${response.rawHeaders[at + 1] ?? ""}`] : [],
  );
  const lines = pairs.filter((line) => !/^(date|ratelimit-(remaining|reset)):/i.test(line)).sort();
  return { status: response.statusCode, headers: response.headers, lines, body };
}

/** There are no parts to be had, but only Express knows. */
const byExpress = (sent: Sent = {}): Sent => ({
  ...sent,
  headers: { ...sent.headers, range: "bytes=0-1" },
});

const roads: [what: string, path: string][] = [
  ["REST", "/api/v1/queue?limit=50"],
  ["the UI's own path", "/queue?limit=50"],
  ["a typed call", `/trpc/queue.list?input=${queueInput}`],
  ["what is open to everyone", "/health/aggregate"],
  ["what only looks at the sign-in", "/api/v1/auth/verify"],
];
const requests: [what: string, sent: Sent][] = [
  ["nothing in particular", {}],
  ["gzip", { headers: { "accept-encoding": "gzip, deflate, br" } }],
  ["brotli", { headers: { "accept-encoding": "br" } }],
  ["deflate alone", { headers: { "accept-encoding": "deflate" } }],
  ["a page from an allowed origin", { headers: { origin } }],
  ["a page from another origin", { headers: { origin: "https://evil.example.test" } }],
  ["any version but none", { headers: { "if-none-match": "*" } }],
  ["no other id than a sane one", { headers: { "x-request-id": "not sane!" } }],
];

describe.each(roads)("an answer of %s", (_road, path) => {
  const warmUp = async (sent?: Sent) => {
    for (let time = 1; time <= 2; time += 1) await send(path, byExpress(sent));
    signIns.mockClear();
  };

  it.each(requests)("comes before Express as it comes from Express, to who asks for %s", async (_what, sent) => {
    await warmUp(sent);
    const long = await send(path, byExpress(sent));
    expect(signIns).toHaveBeenCalledTimes(1);
    const short = await send(path, sent);
    expect(signIns).toHaveBeenCalledTimes(1);
    const withoutId = (lines: string[]) =>
      lines.filter((line) => line === "x-request-id: fixed" || !line.startsWith("x-request-id"));
    expect(withoutId(short.lines)).toEqual(withoutId(long.lines));
    expect({ status: short.status, body: short.body }).toEqual({ status: long.status, body: long.body });
    expect(short.headers["x-request-id"]).toMatch(/^[\w-]+$/);
  });

  it("304 with the same headers but for the body's, for who has it already, and 200 for who has another", async () => {
    await warmUp();
    const { headers } = await send(path);
    const etag = headers.etag ?? "";
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const answer = await send(path, { headers: { "if-none-match": known } });
      expect({ known, status: answer.status, body: answer.body.length, etag: answer.headers.etag }).toEqual({
        known,
        status: 304,
        body: 0,
        etag,
      });
      expect(answer.headers).toMatchObject({ "cache-control": "private, no-cache", vary: headers.vary });
      expect(answer.headers).not.toHaveProperty("content-type");
    }
    expect(signIns).not.toHaveBeenCalled();
    expect((await send(path, { headers: { "if-none-match": `"other"` } })).status).toBe(200);
  });
});

describe("encodings", () => {
  const path = "/api/v1/queue?limit=50";

  it("each hold the same JSON under another ETag, packed once", async () => {
    const plain = await send(path);
    const gzip = await send(path, { headers: { "accept-encoding": "gzip" } });
    const brotli = await send(path, { headers: { "accept-encoding": "br;q=1, gzip;q=0.5" } });
    expect(gzip.headers["content-encoding"]).toBe("gzip");
    expect(brotli.headers["content-encoding"]).toBe("br");
    expect(gunzipSync(gzip.body)).toEqual(plain.body);
    expect(brotliDecompressSync(brotli.body)).toEqual(plain.body);
    expect(new Set([plain, gzip, brotli].map(({ headers }) => headers.etag)).size).toBe(3);
    for (const { headers, body } of [plain, gzip, brotli]) {
      expect(headers.vary).toContain("Accept-Encoding");
      expect(Number(headers["content-length"])).toBe(body.length);
    }
  });

  it("leave a short answer as it is", async () => {
    const { headers, body } = await send("/api/v1/auth/verify", { headers: { "accept-encoding": "gzip" } });
    expect(headers).not.toHaveProperty("content-encoding");
    expect(JSON.parse(body.toString())).toEqual({ valid: true });
  });

  it("HEAD tells of a GET's length without its body", async () => {
    const get = await send(path);
    for (const sent of [{ method: "HEAD" }, byExpress({ method: "HEAD" })]) {
      const { status, headers, body } = await send(path, sent);
      expect({ status, bytes: body.length, length: headers["content-length"], etag: headers.etag }).toEqual({
        status: 200,
        bytes: 0,
        length: get.headers["content-length"],
        etag: get.headers.etag,
      });
    }
  });
});

describe("what is not for the front handler", () => {
  it.each([
    ["a body", { "content-length": "0" }],
    ["two tokens", { authorization: ["Bearer a", "Bearer b"] }],
    ["a token and a key", { "x-api-key": "rgk_any" }],
  ])("goes to Express with %s", async (_what, headers) => {
    const path = "/api/v1/auth/verify";
    await send(path);
    const before = gateway.logs.length;
    const { body } = await send(path, { headers });
    expect(JSON.parse(body.toString())).toHaveProperty("valid");
    const line = gateway.logs.slice(before).find(({ msg }) => msg === "request");
    expect(line).toMatchObject({ endpoint: "/api/v1/auth/verify" });
  });

  it("goes to Express when what is known of the session is three quarters of a second old", async () => {
    const path = "/api/v1/queue?limit=50";
    for (let time = 1; time <= 2; time += 1) await send(path);
    signIns.mockClear();
    await send(path);
    expect(signIns).not.toHaveBeenCalled();
    gateway.clock.advance(750);
    expect((await send(path)).status).toBe(200);
    expect(signIns).toHaveBeenCalledTimes(1);
  });

  it("goes to Express, to be refused, once the session was found to have ended, for which it is looked up meanwhile", async () => {
    const path = "/api/v1/queue?limit=50";
    const other = await gateway.signIn("ROLE_READONLY");
    const headers = { authorization: `Bearer ${other.token}` };
    for (let time = 1; time <= 2; time += 1) await send(path, { headers });
    await gateway.db.session.updateMany({ where: { userId: other.userId }, data: { revokedAt: gateway.clock.now() } });
    gateway.clock.advance(500);
    signIns.mockClear();
    expect((await send(path, { headers })).status).toBe(200);
    expect(signIns).not.toHaveBeenCalled();
    await vi.waitFor(async () => {
      expect((await send(path, { headers })).status).toBe(401);
    });
  });

  it("counts for the limits like the rest", async () => {
    const path = "/api/v1/queue?limit=50";
    await send(path);
    const [first, second] = [await send(path), await send(path)];
    expect(Number(second.headers["ratelimit-remaining"])).toBe(Number(first.headers["ratelimit-remaining"]) - 1);
  });

  it("is logged and measured like the rest", async () => {
    const path = "/api/v1/queue?limit=50";
    await send(path);
    const before = gateway.logs.length;
    await send(path);
    expect(gateway.logs.slice(before).filter(({ msg }) => msg === "request")).toMatchObject([
      {
        requestId: "fixed",
        method: "GET",
        path: "/api/v1/queue",
        endpoint: "/api/v1/queue",
        status: 200,
        cache: "hit",
        ipAddress: "127.0.0.1",
      },
    ]);
  });
});
