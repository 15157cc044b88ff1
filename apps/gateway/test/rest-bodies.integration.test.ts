import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Answer, startTestGateway, type TestGateway } from "./harness.ts";
import { rawHead, sendRaw } from "./raw-http.ts";

const bodyBytesMax = 200_000;

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 }, app: { bodyBytesMax } });
  token = (await gateway.signIn("ROLE_OPERATOR")).token;
});
afterAll(() => gateway.close());

let robinCalls = 0;
beforeEach(() => {
  robinCalls = gateway.simulator.requests.length;
});

const path = "/api/v1/queue/retry";
const post = (body: string | Uint8Array, headers: Record<string, string> = {}, to = path) =>
  gateway.request(to, { method: "POST", token, body, headers });
const uids = (...list: string[]) => JSON.stringify({ uids: list });

function expectRefused(answer: Answer, status: number, code: string) {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.body).toMatchObject({ code, requestId: answer.headers.get("x-request-id") });
  expect(gateway.simulator.requests.length).toBe(robinCalls);
}

describe("a REST body", () => {
  it.each([
    ["application/json"],
    ["application/json; charset=utf-8"],
    ["application/json;charset=UTF-8"],
    ["Application/JSON"],
    ["application/json ; charset=utf-8"],
  ])("200 as %s", async (type) => {
    expect((await post(uids("a"), { "content-type": type })).status).toBe(200);
  });

  it.each([
    ["text/plain"],
    ["application/x-www-form-urlencoded"],
    ["multipart/form-data; boundary=x"],
    ["application/jsonx"],
    ["application/json5"],
    ["application/vnd.api+json"],
    ["text/json"],
    ["nonsense"],
    [""],
    ["application/json; charset=latin1"],
    ["application/json; charset=nonsense"],
  ])("415 as '%s'", async (type) => {
    expectRefused(await post(uids("a"), { "content-type": type }), 415, "unsupported_media_type");
  });

  it("415 without a content type", async () => {
    const body = uids("a");
    const head = rawHead(`POST ${path}`, { authorization: `Bearer ${token}`, "content-length": String(body.length) });
    const answer = await sendRaw(gateway.url, head + body);
    expect(answer.status).toBe(415);
    expect(JSON.parse(answer.body)).toMatchObject({ code: "unsupported_media_type" });
  });

  it.each([
    ["text that is no JSON", "nonsense"],
    ["JSON cut off", '{"uids":["a"'],
    ["JSON with a comment", '{"uids":["a"]} // x'],
    ["two values", '{"uids":["a"]}{}'],
    ["single quotes", "{'uids':['a']}"],
    ["a blank", " "],
    ["a list", '["a"]'],
    ["a list of nothing", "[]"],
    ["a text", '"a"'],
    ["a number", "1"],
    ["null", "null"],
    ["true", "true"],
    ["NaN", "NaN"],
    ["bytes that are not UTF-8 outside of texts", new Uint8Array([0xff, 0xfe, 0x7b, 0x7d])],
  ])("400 for %s, without quoting it", async (_name, body) => {
    const answer = await post(body);
    expectRefused(answer, 400, "invalid_input");
    expect((answer.body as { message: string }).message).not.toMatch(/nonsense|token|position/i);
  });

  it("200 with a byte order mark and blanks around", async () => {
    expect((await post(`\ufeff ${uids("a")}\n`)).status).toBe(200);
  });

  it("400 for fields in the query, which nobody would read there", async () => {
    const answer = await post(uids("a"), {}, `${path}?dryRun=true`);
    expectRefused(answer, 400, "invalid_input");
    expect(answer.body).toMatchObject({ issues: [{ path: "dryRun", message: "belongs into the body" }] });
  });

  it("413 beyond the limit, 200 at it, counted in bytes", async () => {
    const fill = (bytes: number) => `${uids("a")}${" ".repeat(bytes - uids("a").length)}`;
    expect((await post(fill(bodyBytesMax))).status).toBe(200);
    robinCalls = gateway.simulator.requests.length;
    expectRefused(await post(fill(bodyBytesMax + 1)), 413, "payload_too_large");
    expectRefused(await post(JSON.stringify({ uids: ["é".repeat(bodyBytesMax / 2)] })), 413, "payload_too_large");
  });

  it("413 for a body in chunks that says no length", async () => {
    const chunk = `${(20_000).toString(16)}\r\n${" ".repeat(20_000)}\r\n`;
    const head = rawHead(`POST ${path}`, {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "transfer-encoding": "chunked",
    });
    const answer = await sendRaw(gateway.url, `${head}${chunk.repeat(20)}0\r\n\r\n`);
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ code: "payload_too_large" });
  });

  it("200 for a small body in chunks", async () => {
    const body = uids("a");
    const head = rawHead(`POST ${path}`, {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "transfer-encoding": "chunked",
    });
    const answer = await sendRaw(gateway.url, `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    expect(answer.status).toBe(200);
  });

  it("413 for tRPC as well", async () => {
    const answer = await post(`{"json":{"uids":["${"x".repeat(bodyBytesMax)}"]}}`, {}, "/trpc/queue.retryMany");
    expect(answer.status).toBe(413);
    expect(answer.body).toMatchObject({ error: { json: { data: { appCode: "payload_too_large", httpStatus: 413 } } } });
    expect(gateway.simulator.requests.length).toBe(robinCalls);
  });

  it.each(["gzip", "deflate", "br"])("400 for a body that says %s and is not", async (encoding) => {
    expectRefused(await post(uids("a"), { "content-encoding": encoding }), 400, "invalid_input");
  });

  it("200 for a gzipped body, 413 for one that unfolds beyond the limit, 415 for an unknown encoding", async () => {
    expect((await post(gzipSync(uids("a")), { "content-encoding": "gzip" })).status).toBe(200);
    robinCalls = gateway.simulator.requests.length;
    const bomb = gzipSync(`{"uids":["a"]}${" ".repeat(50_000_000)}`);
    const startedAt = performance.now();
    expectRefused(await post(bomb, { "content-encoding": "gzip" }), 413, "payload_too_large");
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expectRefused(await post(gzipSync(uids("a")), { "content-encoding": "zstd-x" }), 415, "unsupported_media_type");
  });

  it.each([
    ["__proto__", '{"uids":["a"],"__proto__":{"permissions":["MANAGE_QUEUE"]}}'],
    ["constructor", '{"uids":["a"],"constructor":{"prototype":{"polluted":true}}}'],
    ["prototype", '{"uids":["a"],"prototype":{}}'],
    ["toString", '{"uids":["a"],"toString":1}'],
  ])("400 for the key %s, and no object polluted", async (_name, body) => {
    expectRefused(await post(body), 400, "invalid_input");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(({} as Record<string, unknown>).permissions).toBeUndefined();
  });

  it("400 for uids only by way of __proto__", async () => {
    expectRefused(await post('{"__proto__":{"uids":["a"]}}'), 400, "invalid_input");
  });

  it.each([
    ["lists", (depth: number) => `{"uids":${"[".repeat(depth)}${"]".repeat(depth)}}`],
    ["objects", (depth: number) => `{"uids":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`],
  ])("400 for %s nested as deep as the limit allows, by both roads", async (_name, nest) => {
    const deep = nest(30_000);
    expectRefused(await post(deep), 400, "invalid_input");
    const answer = await post(`{"json":${deep}}`, {}, "/trpc/queue.retryMany");
    expect(answer.status).toBe(400);
    expect(answer.text).not.toMatch(/call stack/i);
    expect(gateway.simulator.requests.length).toBe(robinCalls);
  });

  it("200 with the last of two equal keys, as JSON readers agree", async () => {
    const answer = await post('{"uids":["a","b"],"uids":["c"]}');
    expect(answer.body).toMatchObject({ requested: 1 });
  });
});

describe("no REST body", () => {
  const bodies = [
    ["none, and no content type", {}, undefined],
    ["none, with a content type", { "content-type": "application/json" }, undefined],
    ["an empty one", { "content-type": "application/json", "content-length": "0" }, undefined],
    ["an empty object", { "content-type": "application/json" }, "{}"],
    ["none, with another content type", { "content-type": "text/plain" }, undefined],
  ] as const;
  it.each(bodies)("404, as if it was read, where nothing is needed: %s", async (_name, headers, body) => {
    const answer = await gateway.request("/api/v1/queue/gone/retry", {
      method: "POST",
      token,
      headers: { ...headers },
      ...(body !== undefined && { body }),
    });
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ code: "not_found" });
  });

  it("400 where one is needed", async () => {
    const answer = await gateway.request(path, { method: "POST", token });
    expectRefused(answer, 400, "invalid_input");
    expect(answer.body).toMatchObject({ issues: [{ path: "uids" }] });
  });
});

describe("a body that does not fit its head", () => {
  it.each([
    ["two lengths", { "content-length": "2\r\ncontent-length: 20" }],
    ["two lengths in one", { "content-length": "2, 20" }],
    ["a length and chunks", { "content-length": "2", "transfer-encoding": "chunked" }],
    ["a negative length", { "content-length": "-1" }],
    ["a length that is no number", { "content-length": "0x10" }],
    ["an unknown transfer encoding", { "transfer-encoding": "x" }],
    ["a transfer encoding after chunked", { "transfer-encoding": "chunked, identity" }],
  ])("400 and the end of the connection for %s", async (_name, headers) => {
    const head = rawHead(`POST ${path}`, {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      ...(headers as Record<string, string>),
      connection: "keep-alive",
    });
    const answer = await sendRaw(gateway.url, `${head}{}GET /api/v1/queue HTTP/1.1\r\nhost: smuggled\r\n\r\n`);
    expect(answer.status).toBe(400);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(JSON.parse(answer.body)).toMatchObject({ code: "invalid_input", requestId: answer.headers["x-request-id"] });
    expect(gateway.simulator.requests.length).toBe(robinCalls);
  });

  it("200 for the next caller after one who went away in the middle of a body", async () => {
    const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
    await once(socket, "connect");
    socket.write(`${rawHead(`POST ${path}`, { "content-type": "application/json", "content-length": "500" })}{"uids":`);
    socket.end();
    await text(socket);
    expect((await post(uids("a"))).status).toBe(200);
  });
});
