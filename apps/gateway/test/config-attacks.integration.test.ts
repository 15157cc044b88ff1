import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import { clamavForm, configFiles, type ConfigGateway, documentOf, startConfigGateway } from "./config-support.ts";
import type { SignedIn } from "./harness.ts";
import { rawHead, sendRaw } from "./raw-http.ts";

let gateway: ConfigGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startConfigGateway();
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());

const both = ["/api/v1", ""];

describe.each(both)("by %s/config", (prefix) => {
  it("401 without a token, 403 for an operator, who may read", async () => {
    expectError(await gateway.request(`${prefix}/config/clamav`), 401, "unauthenticated");
    const anonymous = await gateway.request(`${prefix}/config/clamav`, { method: "PUT", body: clamavForm });
    expectError(anonymous, 401, "unauthenticated");
    const { token } = operator;
    expect((await gateway.get("clamav", { token, prefix })).status).toBe(200);
    expectError(await gateway.put("clamav", clamavForm, { token, prefix }), 403, "forbidden");
    expect(await gateway.onDisk("clamav.json5")).toBe(configFiles["clamav.json5"]);
  });

  it.each([
    "%2e%2e%2fsecret",
    "..%2fsecret",
    "%2e%2e",
    "clamav%00",
    "clamav.json5",
    "a%2fb",
    "server%5c..",
    "_proto__",
  ])("400 or 404 for the section %s, and nothing is written", async (section) => {
    const outside = path.join(path.dirname(gateway.folder), "secret.json5");
    for (const answer of [await gateway.get(section, { prefix }), await gateway.put(section, { a: 1 }, { prefix })]) {
      expect([400, 404]).toContain(answer.status);
    }
    expect(await gateway.newFiles()).toEqual([]);
    await expect(gateway.onDisk(outside)).rejects.toThrow("ENOENT");
  });

  it("400 or 404 for dots that no client resolves", async () => {
    for (const target of [`${prefix}/config/../../secret`, `${prefix}/config/..`, `${prefix}/config/.%2e/x`]) {
      const authorization = `Bearer ${gateway.admin.token}`;
      const answer = await sendRaw(gateway.url, rawHead(`GET ${target}`, { authorization }));
      expect([400, 401, 404]).toContain(answer.status);
    }
  });
});

it("501 for a link that leads out of the folder, whose target is neither shown nor changed", async () => {
  const outside = path.join(path.dirname(gateway.folder), `${path.basename(gateway.folder)}-outside.json5`);
  await writeFile(outside, `{ secret: "hunter2" }`);
  await symlink(outside, path.join(gateway.folder, "geoip.json5"));
  for (const answer of [await gateway.get("geoip"), await gateway.put("geoip", { enabled: true })]) {
    expectError(answer, 501, "not_implemented");
    expect(answer.text).not.toContain("hunter2");
    expect(answer.text).not.toContain(gateway.folder);
  }
  await mkdir(path.join(gateway.folder, "proxy.json5"));
  expectError(await gateway.put("proxy", { enabled: true }), 409, "conflict");
});

describe("PUT /config/{section}", () => {
  it.each([
    ["clamav", { port: 0 }, "port"],
    ["clamav", { port: "3310" }, "port"],
    ["clamav", { timeout: 999 }, "timeout"],
    ["clamav", { timeout: 60_001 }, "timeout"],
    ["clamav", { host: "" }, "host"],
    ["clamav", { enabled: "yes" }, "enabled"],
    ["clamav", { maxFileSize: 0 }, "maxFileSize"],
    ["rspamd", { rejectScore: 101 }, "rejectScore"],
    ["rspamd", { rejectThreshold: 5 }, "rejectThreshold"],
    ["rspamd", { apiKey: "********" }, "apiKey"],
    ["dovecot", { authentication: { mechanisms: "plain" } }, "authentication.mechanisms"],
    ["users", { list: [{ name: "new@example.com", pass: "********" }] }, "list.0.pass"],
    ["users", { list: [{ pass: "x", name: 5 }] }, "list.0.name"],
    ["storage", { enabled: 1 }, "enabled"],
    ["storage", { path: "a\0b" }, "path"],
    ["storage", { path: "\ud800" }, "path"],
    ["storage", { ["x".repeat(201)]: 1 }, ""],
    ["storage", { a: Array.from({ length: 20_000 }, () => 1) }, ""],
    ["storage", JSON.parse(`{ "a": ${"[".repeat(30)}${"]".repeat(30)} }`), "a" + ".0".repeat(20)],
  ])("400 for %s %j, naming the field", async (section, document, field) => {
    const answer = await gateway.put(section, document);
    expectError(answer, 400, "invalid_input");
    expect((answer.body as { issues: { path: string }[] }).issues.map((issue) => issue.path)).toContain(field);
  });

  it.each(["[]", "5", `"text"`, "null", "{", `{ "a": 1e999 }`, "{ a: 1 }"])("400 for the body %s", async (body) => {
    expectError(await gateway.put("storage", body), 400, "invalid_input");
  });

  it("400 for a body nested deeper than anything, 413 for ten megabytes", async () => {
    expectError(await gateway.put("storage", `${`{"a":`.repeat(50_000)}1${"}".repeat(50_000)}`), 400, "invalid_input");
    expectError(await gateway.put("storage", { a: "x".repeat(10 * 1024 ** 2) }), 413, "payload_too_large");
  });

  it("400 or no effect for keys that reach for prototypes", async () => {
    for (const body of [
      `{ "__proto__": { "polluted": 1 } }`,
      `{ "constructor": { "prototype": { "polluted": 1 } } }`,
      `{ "rocksdb": { "__proto__": { "polluted": 1 } } }`,
      `{ "section": "server", "_meta": { "__proto__": { "polluted": 1 } } }`,
    ]) {
      expect([200, 400]).toContain((await gateway.put("storage", body)).status);
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(await gateway.onDisk("storage.json5")).not.toContain("__proto__");
    expect(await gateway.onDisk("server.json5")).toBe(configFiles["server.json5"]);
  });

  it("200 for values that look like syntax: they stay values", async () => {
    const values = { a: `"}, enabled: false, // `, b: "*/ # '\\", c: "\u2028\n", "odd key: {": [`]`] };
    expect(documentOf(await gateway.put("relay", values))).toEqual(values);
    expect(documentOf(await gateway.get("relay"))).toEqual(values);
    expect(await gateway.deps.robin.config.sections()).toContainEqual(
      expect.objectContaining({ name: "relay", values: expect.objectContaining(values) as unknown }),
    );
  });

  it("200 for ten thousand keys, within the time of a request", async () => {
    const document = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`key${index}`, index]));
    expect((await gateway.put("bots", document)).status).toBe(200);
    const removed = Object.fromEntries(Object.keys(document).map((key) => [key, null]));
    expect(documentOf(await gateway.put("bots", removed))).toEqual({});
    const row = await gateway.db.auditEvent.findFirstOrThrow({ orderBy: { id: "desc" } });
    expect(row.targets).toHaveLength(51);
  });
});
