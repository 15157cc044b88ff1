import { Permission } from "@robin/api";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aSecondMs, auditOf, expectError } from "./auth-support.ts";
import { createKey, type KeyBody, keysOf } from "./api-keys-support.ts";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let admin: SignedIn;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway();
  admin = await gateway.signIn("ROLE_ADMIN");
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());

const create = (who: SignedIn, body: object) => gateway.request("/api/v1/api-keys", { token: who.token, body });
const revoke = (who: SignedIn, path: string) =>
  gateway.request(`/api/v1${path}`, { method: "DELETE", token: who.token });
const me = (key: string) => gateway.request("/api/v1/auth/me", { token: key });

describe("POST /api/v1/api-keys", () => {
  it("200 shows the key once; the database has its SHA-256 only, and no log has it", async () => {
    const answer = await create(operator, { name: " CI ", scopes: ["VIEW_LOGS", "VIEW_QUEUE", "VIEW_LOGS"] });
    expect(answer.status, answer.text).toBe(200);
    const { key, id, ...rest } = answer.body as KeyBody;
    expect(rest).toEqual({
      name: "CI",
      scopes: ["VIEW_QUEUE", "VIEW_LOGS"],
      active: true,
      createdAt: gateway.clock.now().toISOString(),
    });
    expect(key).toMatch(/^rgw_[\w-]{43}$/);
    expect((await me(key)).status).toBe(200);
    const row = await gateway.db.apiKey.findUniqueOrThrow({ where: { id } });
    expect(Buffer.from(row.keyHash).toString("hex")).toBe(createHash("sha256").update(key).digest("hex"));
    const elsewhere = [row, gateway.logs, await auditOf(gateway, answer), (await keysOf(gateway, operator)).text];
    expect(JSON.stringify(elsewhere)).not.toContain(key.slice(4));
  });

  it("200 with another key each time", async () => {
    const keys = await Promise.all([1, 2, 3].map(() => createKey(gateway, operator)));
    expect(new Set(keys.map(({ key }) => key)).size).toBe(3);
  });

  it("403 for a scope that the caller has not", async () => {
    const answer = await create(operator, { name: "x", scopes: ["VIEW_QUEUE", "MANAGE_USERS"] });
    expect(expectError(answer, 403, "forbidden").message).toContain("MANAGE_USERS");
    expect(answer.text).not.toContain("rgw_");
  });

  it.each([
    ["no scope", { scopes: [] }],
    ["an unknown scope", { scopes: ["EVERYTHING"] }],
    ["a blank name", { name: "  " }],
    ["a name with a line break", { name: "a\nb" }],
    ["a name of 101 characters", { name: "x".repeat(101) }],
    ["an expiry that has passed", { expiresAt: "2020-01-01T00:00:00Z" }],
    ["an expiry without a zone", { expiresAt: "2030-01-01T00:00:00" }],
    ["a key of one's own choice", { key: `rgw_${"A".repeat(43)}` }],
    ["another owner", { userId: 1 }],
  ])("400 for %s", async (_what, fields) => {
    expectError(await create(operator, { name: "x", scopes: ["VIEW_QUEUE"], ...fields }), 400, "invalid_input");
  });
});

describe("GET and DELETE /api/v1/api-keys", () => {
  it("200 lists the own keys, newest first, and what became of them", async () => {
    const owner = await gateway.signIn("ROLE_USER");
    const first = await createKey(gateway, owner, { expiresAt: new Date(gateway.clock.now().getTime() + 1000) });
    gateway.clock.advance(1000);
    const second = await createKey(gateway, owner);
    expect((await revoke(owner, `/api-keys/${second.id}`)).body).toStrictEqual({ success: true });
    const third = await createKey(gateway, owner, { scopes: ["VIEW_LOGS"] });
    const answer = await keysOf(gateway, owner);
    expect(answer.body).toMatchObject({
      total: 3,
      items: [
        { id: third.id, active: true, scopes: ["VIEW_LOGS"] },
        { id: second.id, active: false, revokedAt: gateway.clock.now().toISOString() },
        { id: first.id, active: false },
      ],
    });
    expect(answer.text).not.toMatch(/null|hash|rgw_/i);
  });

  it("404 for somebody else's key, also for an administrator, and for one that is revoked", async () => {
    const owner = await gateway.signIn("ROLE_USER");
    const { id, key } = await createKey(gateway, owner);
    for (const who of [operator, admin]) expectError(await revoke(who, `/api-keys/${id}`), 404, "not_found");
    expect((await me(key)).status).toBe(200);
    await revoke(owner, `/api-keys/${id}`);
    expectError(await revoke(owner, `/api-keys/${id}`), 404, "not_found");
    expectError(await revoke(owner, "/api-keys/rgw_x"), 400, "invalid_input");
  });
});

describe("/api/v1/users/{id}/api-keys", () => {
  it("200 lists and revokes any account's keys", async () => {
    const owner = await gateway.signIn("ROLE_USER");
    const { id, key } = await createKey(gateway, owner);
    const path = `/users/${owner.userId}/api-keys`;
    expect((await gateway.request(`/api/v1${path}`, { token: admin.token })).body).toMatchObject({ items: [{ id }] });
    expect((await revoke(admin, `${path}/${id}`)).body).toStrictEqual({ success: true });
    gateway.clock.advance(aSecondMs);
    expectError(await me(key), 401, "unauthenticated");
  });

  it("404 for a key of another account than the path names, and for nobody", async () => {
    const { id } = await createKey(gateway, operator);
    expectError(await revoke(admin, `/users/${admin.userId}/api-keys/${id}`), 404, "not_found");
    expectError(await gateway.request("/api/v1/users/2147483647/api-keys", { token: admin.token }), 404, "not_found");
  });
});

describe("scopes", () => {
  it("every permission can be one", async () => {
    const { scopes } = await createKey(gateway, admin, { scopes: Permission.options });
    expect(scopes).toEqual(Permission.options);
  });
});
