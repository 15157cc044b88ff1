import type { Prisma } from "@robin/db";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf, expectError } from "./auth-support.ts";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { trpcClient } from "./trpc-client.ts";

interface Page {
  items: { id: string; rule?: string; status?: string }[];
  total: number;
}

const secret = "a-secret-of-at-least-16-characters";
const mask = "********";

let gateway: TestGateway;
let admin: SignedIn;
let reader: SignedIn;
let user: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 } });
  admin = await gateway.signIn("ROLE_ADMIN");
  reader = await gateway.signIn("ROLE_READONLY");
  user = await gateway.signIn("ROLE_USER");
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await gateway.db.alertRule.deleteMany({ where: { updatedBy: { not: null } } });
  await gateway.db.alert.deleteMany();
  await gateway.db.alertWebhook.deleteMany();
});

const call = (method: string, path: string, body?: unknown, { token } = admin) =>
  gateway.request(`/api/v1/alerts${path}`, { method, token, ...(body !== undefined && { body }) });
const idOf = ({ body }: { body: unknown }) => (body as { id: string }).id;

function addAlert(fields: Partial<Prisma.AlertUncheckedCreateInput> = {}) {
  const now = gateway.clock.now();
  const values = { threshold: 1, value: 2, worstValue: 3, message: "m", since: now, firedAt: now };
  const data = { ruleName: "rule", kind: "QUEUE_SIZE", severity: "WARNING", ...values } as const;
  return gateway.db.alert.create({ data: { ...data, ...fields } });
}

describe("GET /alerts and /alerts/history", () => {
  it("200 with what fires, and with all there was, the newest first", async () => {
    const at = (seconds: number) => new Date(gateway.clock.now().getTime() - seconds * 1000);
    await addAlert({ ruleName: "old", firedAt: at(60), clearedAt: at(30) });
    await addAlert({ ruleName: "grave", firedAt: at(50), severity: "CRITICAL" });
    await addAlert({ ruleName: "new", firedAt: at(10), kind: "DEAD_GROWTH" });
    const names = async (path: string, { token } = reader) =>
      ((await call("GET", path, undefined, { ...reader, token })).body as Page).items.map(({ rule }) => rule);
    expect(await names("")).toEqual(["new", "grave"]);
    expect(await names("?severity=CRITICAL")).toEqual(["grave"]);
    expect(await names("/history")).toEqual(["new", "grave", "old"]);
    expect(await names(`/history?from=${at(50).toISOString()}&to=${at(10).toISOString()}`)).toEqual(["grave"]);
    expect(await names("/history?kind=DEAD_GROWTH")).toEqual(["new"]);
    const typed = await trpcClient(gateway, reader.token).alerts.list.query({ limit: 1 });
    expect(typed).toMatchObject({ total: 2, items: [{ rule: "new", firedAt: at(10) }] });
    expect(typed.items[0]).not.toHaveProperty("clearedAt");
  });

  it("403 without VIEW_SETTINGS", async () => {
    expectError(await call("GET", "", undefined, user), 403, "forbidden");
    expectError(await call("GET", "/history", undefined, user), 403, "forbidden");
  });
});

describe("/alerts/rules", () => {
  const rule = { name: "Full", kind: "QUEUE_SIZE", states: "READY,DEAD", threshold: 5 };

  it("200 with the rules that a gateway begins with", async () => {
    const { items } = (await call("GET", "/rules", undefined, reader)).body as {
      items: { kind: string; enabled: boolean }[];
    };
    expect(items.map(({ kind }) => kind).sort()).toEqual([
      "BREAKER_OPEN",
      "DATABASE_SIZE",
      "DEAD_GROWTH",
      "OLDEST_READY",
      "QUEUE_SIZE",
      "ROBIN_UNREACHABLE",
      "WORKER_LATE",
    ]);
    expect(items.every(({ enabled }) => enabled)).toBe(true);
  });

  it("200 to add, show, change and delete one, each with an audit row", async () => {
    const created = await call("POST", "/rules", rule);
    const id = idOf(created);
    expect(created.body).toEqual({
      id,
      name: "Full",
      kind: "QUEUE_SIZE",
      states: ["READY", "DEAD"],
      threshold: 5,
      forSeconds: 60,
      clearSeconds: 60,
      severity: "WARNING",
      enabled: true,
      firing: false,
      updatedBy: admin.username,
    });
    await gateway.db.alertRule.update({ where: { id }, data: { breachingSince: gateway.clock.now() } });
    await addAlert({ ruleId: id });
    const changed = await call("PATCH", `/rules/${id}`, { threshold: 7, severity: "CRITICAL" });
    expect(changed.body).toMatchObject({ name: "Full", threshold: 7, severity: "CRITICAL", firing: true });
    expect((await gateway.db.alertRule.findUnique({ where: { id } }))?.breachingSince).toBeNull();
    expect((await call("GET", `/rules/${id}`, undefined, reader)).body).toEqual(changed.body);
    const deleted = await call("DELETE", `/rules/${id}`);
    expect(deleted.body).toEqual({ success: true });
    expectError(await call("GET", `/rules/${id}`), 404, "not_found");
    for (const [answer, action] of [
      [created, "alertRules.create"],
      [changed, "alertRules.update"],
      [deleted, "alertRules.delete"],
    ] as const) {
      expect(await auditOf(gateway, answer)).toMatchObject([{ action, targets: ["Full"], outcome: "SUCCEEDED" }]);
    }
  });

  it.each([
    ["states", { ...rule, kind: "OLDEST_READY" }],
    ["windowSeconds", { name: "x", kind: "DEAD_GROWTH", threshold: 1 }],
    ["windowSeconds", { ...rule, windowSeconds: 60 }],
    ["threshold", { ...rule, threshold: -1 }],
    ["name", { ...rule, name: " " }],
    ["kind", { ...rule, kind: "DISK" }],
  ])("400 for a wrong %s", async (path, body) => {
    const { issues } = expectError(await call("POST", "/rules", body), 400, "invalid_input");
    expect(issues?.map((issue) => issue.path)).toContain(path);
  });

  it("409 for a name that is taken; 404 for a rule that is not there", async () => {
    const id = idOf(await call("POST", "/rules", rule));
    expectError(await call("POST", "/rules", rule), 409, "conflict");
    expectError(await call("PATCH", `/rules/${id}`, { name: "The worker is late" }), 409, "conflict");
    const missing = "018f3f3e-7b5e-7c3a-9b1a-1234567890ab";
    expectError(await call("PATCH", `/rules/${missing}`, { threshold: 1 }), 404, "not_found");
    expectError(await call("DELETE", `/rules/${missing}`), 404, "not_found");
  });

  it("403 to change one without MANAGE_SERVER_CONFIG", async () => {
    expectError(await call("POST", "/rules", rule, reader), 403, "forbidden");
    const operator = await gateway.signIn("ROLE_OPERATOR");
    expectError(await call("POST", "/rules", rule, operator), 403, "forbidden");
  });
});

describe("/alerts/webhooks", () => {
  const hook = { name: "On call", url: "https://hooks.example.com/x?key=1", secret };
  const stored = (id: string) => gateway.db.alertWebhook.findUniqueOrThrow({ where: { id } });

  it("200 to add, list, change and delete one; the secret is shown nowhere, and a mask keeps it", async () => {
    const created = await call("POST", "/webhooks", hook);
    const id = idOf(created);
    expect(created.body).toEqual({
      id,
      ...hook,
      secret: mask,
      minSeverity: "INFO",
      enabled: true,
      waiting: 0,
      dead: 0,
    });
    const changed = await call("PATCH", `/webhooks/${id}`, { secret: mask, name: "Night", enabled: false });
    expect(changed.body).toMatchObject({ name: "Night", enabled: false, secret: mask });
    expect(await stored(id)).toMatchObject({ secret, url: hook.url });
    await call("PATCH", `/webhooks/${id}`, { secret: "another-secret-for-it" });
    expect((await stored(id)).secret).toBe("another-secret-for-it");
    const list = await call("GET", "/webhooks");
    expect(list.body).toMatchObject({ items: [{ id, secret: mask }] });
    expect(await auditOf(gateway, created)).toMatchObject([{ action: "alertWebhooks.create", targets: ["On call"] }]);
    expect(await auditOf(gateway, changed)).toMatchObject([{ action: "alertWebhooks.update", targets: ["On call"] }]);
    expect((await call("DELETE", `/webhooks/${id}`)).body).toEqual({ success: true });
    const everything = JSON.stringify([created, changed, list, gateway.logs, await gateway.db.auditEvent.findMany()]);
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain("another-secret");
  });

  it.each([
    ["url", { ...hook, url: "http://hooks.example.com" }],
    ["url", { ...hook, url: "https://169.254.169.254/latest/meta-data" }],
    ["url", { ...hook, url: "https://user:password@hooks.example.com" }],
    ["secret", { ...hook, secret: "short" }],
    ["secret", { ...hook, secret: mask }],
    ["secret", { name: "x", url: hook.url }],
  ])("400 for a wrong %s", async (path, body) => {
    const { issues } = expectError(await call("POST", "/webhooks", body), 400, "invalid_input");
    expect(issues?.map((issue) => issue.path)).toEqual([path]);
    expect(await gateway.db.alertWebhook.count()).toBe(0);
  });

  it("400 for a URL or secret that it may not be changed to; 409 for a name that is taken; 404 for none", async () => {
    const id = idOf(await call("POST", "/webhooks", hook));
    await call("POST", "/webhooks", { ...hook, name: "Other" });
    expectError(await call("PATCH", `/webhooks/${id}`, { url: "https://10.0.0.1" }), 400, "invalid_input");
    expectError(await call("PATCH", `/webhooks/${id}`, { secret: "short" }), 400, "invalid_input");
    expectError(await call("PATCH", `/webhooks/${id}`, { name: "Other" }), 409, "conflict");
    const missing = "018f3f3e-7b5e-7c3a-9b1a-1234567890ab";
    expectError(await call("PATCH", `/webhooks/${missing}`, { enabled: true }), 404, "not_found");
    expectError(await call("DELETE", `/webhooks/${missing}`), 404, "not_found");
    expectError(await call("POST", `/webhooks/${missing}/test`, {}), 404, "not_found");
  });

  it("200 has a test message wait for the worker; 409 to send once more what waits; 200 when it was given up", async () => {
    const webhookId = idOf(await call("POST", "/webhooks", hook));
    const tested = await call("POST", `/webhooks/${webhookId}/test`, {});
    const id = idOf(tested);
    expect(tested.body).toMatchObject({
      webhookId,
      webhook: "On call",
      event: "alert.test",
      status: "PENDING",
      attempts: 0,
    });
    expectError(await call("POST", `/deliveries/${id}/redeliver`, {}), 409, "conflict");
    const failed = { status: "DEAD", attempts: 14, lastStatus: 500, lastError: "no" } as const;
    await gateway.db.alertDelivery.update({ where: { id }, data: failed });
    expect((await call("GET", "/webhooks")).body).toMatchObject({ items: [{ waiting: 0, dead: 1 }] });
    const dead = (await call("GET", `/deliveries?status=DEAD&webhookId=${webhookId}`)).body as Page;
    expect(dead).toMatchObject({ total: 1, items: [{ id, status: "DEAD", lastStatus: 500 }] });
    expect(dead.items[0]).not.toHaveProperty("nextAttemptAt");
    const again = await call("POST", `/deliveries/${id}/redeliver`, {});
    expect(again.body).toMatchObject({ id, status: "PENDING", attempts: 0 });
    expect(await auditOf(gateway, again)).toMatchObject([{ action: "alertWebhooks.redeliver", targets: [id] }]);
    const missing = "018f3f3e-7b5e-7c3a-9b1a-1234567890ab";
    expectError(await call("POST", `/deliveries/${missing}/redeliver`, {}), 404, "not_found");
  });

  it("403 even to look without MANAGE_SERVER_CONFIG: a URL may have a secret in it", async () => {
    expectError(await call("GET", "/webhooks", undefined, reader), 403, "forbidden");
    expectError(await call("GET", "/deliveries", undefined, reader), 403, "forbidden");
  });
});
