import { listProcedures } from "@robin/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKey, type KeyBody } from "./api-keys-support.ts";
import { aSecondMs, auditOf, expectError, expectTrpcError, rawRequest } from "./auth-support.ts";
import { type SignedIn, startTestGateway, testPassword, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let admin: SignedIn;
let owner: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 1 } });
  admin = await gateway.signIn("ROLE_ADMIN");
  owner = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());

const queue = ({ key }: Pick<KeyBody, "key">) => gateway.request("/api/v1/queue", { token: key });
const asAdmin = (method: string, path: string, body?: unknown) =>
  gateway.request(`/api/v1${path}`, { method, token: admin.token, ...(body !== undefined && { body }) });

describe("an API key", () => {
  it("200 as bearer and as X-API-Key, over REST and tRPC", async () => {
    const { key } = await createKey(gateway, owner);
    for (const headers of [{ authorization: `Bearer ${key}` }, { "x-api-key": key }] as Record<string, string>[]) {
      expect((await gateway.request("/api/v1/queue", { headers })).status).toBe(200);
      expect((await gateway.request("/queue", { headers })).status).toBe(200);
      expect((await gateway.request("/trpc/queue.list?input=%7B%22json%22%3A%7B%7D%7D", { headers })).status).toBe(200);
    }
  });

  it("403 for what its owner may do and it may not; `me` tells what it may", async () => {
    const key = await createKey(gateway, owner);
    const answer = await gateway.request("/api/v1/queue/retry", { token: key.key, body: { uids: ["x"] } });
    expect(expectError(answer, 403, "forbidden").message).toContain("MANAGE_QUEUE");
    const me = await gateway.request("/api/v1/auth/me", { token: key.key });
    expect(me.body).toMatchObject({ id: owner.userId, permissions: ["VIEW_QUEUE"] });
  });

  it("403 within a second for what its owner may do no longer, and 200 when it is given back", async () => {
    const user = await gateway.signIn("ROLE_OPERATOR");
    const key = await createKey(gateway, user, { scopes: ["VIEW_STORAGE", "VIEW_QUEUE", "MANAGE_QUEUE"] });
    const retry = () => gateway.request("/api/v1/queue/retry", { token: key.key, body: { uids: ["x"] } });
    expect((await retry()).status).toBe(200);
    await asAdmin("PATCH", `/users/${user.userId}`, { roles: ["ROLE_USER"] });
    gateway.clock.advance(aSecondMs);
    expectError(await retry(), 403, "forbidden");
    expect((await queue(key)).status).toBe(200);
    await asAdmin("PATCH", `/users/${user.userId}`, { roles: ["ROLE_ADMIN"] });
    gateway.clock.advance(aSecondMs);
    expect((await retry()).status).toBe(200);
    expectError(await gateway.request("/api/v1/users", { token: key.key }), 403, "forbidden");
  });

  it("401 within a second once it is revoked, has expired, or its owner is disabled or deleted", async () => {
    const users = await Promise.all([1, 2, 3, 4].map(() => gateway.signIn("ROLE_USER")));
    const [toRevoke, toExpire, toDisable, toDelete] = users as [SignedIn, SignedIn, SignedIn, SignedIn];
    const soon = new Date(gateway.clock.now().getTime() + aSecondMs);
    const keys = await Promise.all(
      users.map((user) => createKey(gateway, user, user === toExpire ? { expiresAt: soon } : {})),
    );
    for (const key of keys) expect((await queue(key)).status).toBe(200);
    await gateway.request(`/api/v1/api-keys/${keys[0]?.id ?? ""}`, { method: "DELETE", token: toRevoke.token });
    await asAdmin("POST", `/users/${toDisable.userId}/disable`);
    await asAdmin("DELETE", `/users/${toDelete.userId}`);
    gateway.clock.advance(aSecondMs);
    for (const key of keys) {
      expectError(await queue(key), 401, "unauthenticated");
      const answer = await gateway.request("/trpc/queue.list", { token: key.key });
      expectTrpcError(answer, 401, "unauthenticated");
    }
  });

  it("200 still after the owner signed out everywhere and changed the password", async () => {
    const user = await gateway.signIn("ROLE_USER");
    const key = await createKey(gateway, user);
    await asAdmin("DELETE", `/users/${user.userId}/sessions`);
    await asAdmin("PUT", `/users/${user.userId}/password`, { password: "a brand new password" });
    gateway.clock.advance(aSecondMs);
    expect((await queue(key)).status).toBe(200);
  });

  it("401 for keys that are altered, cut, unknown or in another case", async () => {
    const { key } = await createKey(gateway, owner);
    const altered = key.slice(0, -1) + (key.endsWith("A") ? "B" : "A");
    for (const wrong of [
      altered,
      key.slice(0, -1),
      `${key}A`,
      key.toUpperCase(),
      key.slice(4),
      `rgw_${"A".repeat(43)}`,
    ]) {
      expectError(await gateway.request("/api/v1/queue", { token: wrong }), 401, "unauthenticated");
      expectError(await gateway.request("/api/v1/queue", { headers: { "x-api-key": wrong } }), 401, "unauthenticated");
    }
  });

  it("401 for an access token as X-API-Key, for two credentials, and for the key anywhere else", async () => {
    const { key } = await createKey(gateway, owner);
    const bearer = { authorization: `Bearer ${owner.token}` };
    for (const headers of [
      { "x-api-key": owner.token },
      { "x-api-key": "" },
      { "x-api-key": `Bearer ${key}` },
      { ...bearer, "x-api-key": key },
      { authorization: `Bearer ${key}`, "x-api-key": key },
      { authorization: `ApiKey ${key}` },
      { cookie: `refreshToken=${key}` },
    ] as Record<string, string>[]) {
      expectError(await gateway.request("/api/v1/queue", { headers }), 401, "unauthenticated");
    }
    expect((await rawRequest(gateway, "/api/v1/queue", { headers: { "x-api-key": [key, key] } })).status).toBe(401);
    expectError(await gateway.request(`/api/v1/queue?api_key=${key}`), 401, "unauthenticated");
  });

  it("is named in audit rows and logs by name and id, never in clear", async () => {
    const { key, id } = await createKey(gateway, owner, { name: "night shift", scopes: ["MANAGE_QUEUE"] });
    const answer = await gateway.request("/api/v1/queue/retry", { token: key, body: { uids: ["x"] } });
    const rows = await auditOf(gateway, answer);
    expect(rows).toMatchObject([{ actorId: owner.userId, apiKeyId: id, apiKeyName: "night shift" }]);
    const search = await asAdmin("GET", "/audit?action=queue.retry&limit=1");
    expect(search.body).toMatchObject({ items: [{ apiKeyId: id, apiKeyName: "night shift" }] });
    await expect.poll(() => gateway.logs.some((line) => line.apiKeyId === id)).toBe(true);
    expect(JSON.stringify([rows, gateway.logs])).not.toContain(key.slice(4, 20));
  });

  it("200 with its last use written at most once a minute", async () => {
    const { key, id } = await createKey(gateway, owner);
    const lastUse = async () => (await gateway.db.apiKey.findUniqueOrThrow({ where: { id } })).lastUsedAt;
    expect(await lastUse()).toBeNull();
    await queue({ key });
    const first = gateway.clock.now();
    expect(await lastUse()).toEqual(first);
    gateway.clock.advance(59_000);
    await queue({ key });
    expect(await lastUse()).toEqual(first);
    gateway.clock.advance(1000);
    await queue({ key });
    expect(await lastUse()).toEqual(gateway.clock.now());
  });
});

describe("an API key with MANAGE_USERS", () => {
  let key: string;
  beforeAll(async () => {
    ({ key } = await createKey(gateway, admin, { scopes: ["MANAGE_USERS", "VIEW_QUEUE"] }));
  });

  const closed = listProcedures().filter(({ meta }) => meta.sessionOnly);
  it.each(closed.map((procedure) => [procedure.path, procedure] as const))(
    "403 for %s",
    async (path, { type, meta }) => {
      const restPath = meta.openapi?.path.replaceAll(/\{\w+\}/g, "1") ?? "";
      const method = meta.openapi?.method ?? "GET";
      const body = method === "GET" || method === "DELETE" ? {} : { body: {} };
      const answer = await gateway.request(`/api/v1${restPath}`, { method, token: key, ...body });
      expect(expectError(answer, 403, "forbidden").message).toMatch(/API key/);
      const trpc = await gateway.request(`/trpc/${path}`, {
        token: key,
        ...(type === "mutation" && { body: { json: {} } }),
      });
      expectTrpcError(trpc, 403, "forbidden");
    },
  );

  it("200 for managing accounts, but 403 for a role that may do more than the key", async () => {
    expect((await gateway.request("/api/v1/users", { token: key })).status).toBe(200);
    const body = { username: "master@example.test", password: testPassword, roles: ["ROLE_ADMIN"] };
    expectError(await gateway.request("/api/v1/users", { token: key, body }), 403, "forbidden");
    const promotion = { method: "PATCH", token: key, body: { roles: ["ROLE_ADMIN"] } };
    expectError(await gateway.request(`/api/v1/users/${owner.userId}`, promotion), 403, "forbidden");
    expect(await gateway.db.user.count({ where: { username: "master@example.test" } })).toBe(0);
  });
});
