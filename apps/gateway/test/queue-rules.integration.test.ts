import { followQueueRules } from "@robin/api";
import type { Prisma } from "@robin/db";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf, expectError } from "./auth-support.ts";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

interface Rule {
  id: string;
  name: string;
  lastProblem?: string;
  lastRun?: { id: string; status: string; total: number };
}

const week = 7 * 24 * 3600;
const deadForAWeek = { name: "Dead for a week", action: "delete", filter: { states: "DEAD", inStateSeconds: week } };
const missing = "018f3f3e-7b5e-7c3a-9b1a-1234567890ab";

let gateway: TestGateway;
let operator: SignedIn;
let reader: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 } });
  reader = await gateway.signIn("ROLE_READONLY");
});
afterAll(() => gateway.close());
beforeEach(async () => {
  operator = await gateway.signIn("ROLE_OPERATOR");
  const { db } = gateway;
  await db.auditEvent.deleteMany();
  await db.queueRule.deleteMany();
  await db.queueBulkRun.deleteMany();
  await db.queueItem.deleteMany();
  await looked();
});

async function looked() {
  const watch = { lookedAt: gateway.clock.now(), completeAt: gateway.clock.now() };
  await gateway.db.queueWatch.upsert({ where: { id: 1 }, create: { id: 1, ...watch }, update: watch });
}
function addItem(uid: string, fields: Partial<Prisma.QueueItemUncheckedCreateInput> = {}) {
  const firstSeenAt = new Date(gateway.clock.now().getTime() - (week + 1) * 1000);
  const known = { protocol: "ESMTP", recipientsHidden: 0, envelopeCount: 1, changedSeq: 1, retryCount: 0 };
  return gateway.db.queueItem.create({ data: { uid, state: "DEAD", firstSeenAt, ...known, ...fields } });
}
const call = (method: string, path: string, body?: unknown, { token } = operator) =>
  gateway.request(`/api/v1/queue/rules${path}`, { method, token, ...(body !== undefined && { body }) });
const follow = () => followQueueRules(gateway.deps);
const runs = () => gateway.db.queueBulkRun.findMany({ include: { items: true } });
const ruleOf = async (id: string) => (await call("GET", `/${id}`)).body as Rule;
async function addRule(fields: object = {}): Promise<string> {
  const answer = await call("POST", "", { ...deadForAWeek, enabled: true, ...fields });
  expect(answer.status, answer.text).toBe(200);
  return (answer.body as Rule).id;
}

describe("/queue/rules", () => {
  it("200 to add, show, change and delete one, switched off at first, each with an audit row", async () => {
    const created = await call("POST", "", deadForAWeek);
    const { id } = created.body as Rule;
    const filter = { states: ["DEAD"], inStateSeconds: week };
    expect(created.body).toMatchObject({ ...deadForAWeek, filter, intervalSeconds: 3600, enabled: false });
    const changed = await call("PATCH", `/${id}`, { filter: { domain: "a.example" }, enabled: true });
    expect(changed.body).toMatchObject({ name: "Dead for a week", filter: { domain: "a.example" }, enabled: true });
    expect((await call("GET", "", undefined, reader)).body).toEqual({ items: [changed.body] });
    const deleted = await call("DELETE", `/${id}`);
    expect(deleted.body).toEqual({ success: true });
    const targets = async (answer: typeof created) => (await auditOf(gateway, answer))[0]?.targets;
    expect(await targets(created)).toEqual(["Dead for a week", "delete", JSON.stringify(filter)]);
    expect(await targets(changed)).toEqual(["Dead for a week", '{"domain":"a.example"}']);
    expect(await targets(deleted)).toEqual(["Dead for a week"]);
  });

  it("200 shows what a rule would find", async () => {
    const id = await addRule({ enabled: false });
    await addItem("old");
    await addItem("ready", { state: "READY" });
    expect((await call("GET", `/${id}/preview`, undefined, reader)).body).toMatchObject({
      dryRun: true,
      matches: 1,
      sample: [{ uid: "old" }],
    });
    expect(await runs()).toEqual([]);
  });

  it("400 for a filter that every item fits, and for a rule that would never rest", async () => {
    expectError(await call("POST", "", { ...deadForAWeek, filter: {} }), 400, "invalid_input");
    expectError(
      await call("POST", "", { ...deadForAWeek, filter: { states: "READY,CLAIMED,DEAD" } }),
      400,
      "invalid_input",
    );
    expectError(await call("POST", "", { ...deadForAWeek, intervalSeconds: 59 }), 400, "invalid_input");
  });

  it("403 without the permission for the rule's action; 404 for none; 409 for a name that is taken", async () => {
    const id = await addRule();
    expectError(await call("POST", "", { ...deadForAWeek, name: "x" }, reader), 403, "forbidden");
    expectError(await call("PATCH", `/${id}`, { enabled: false }, reader), 403, "forbidden");
    expectError(await call("DELETE", `/${id}`, undefined, reader), 403, "forbidden");
    const scopes = ["VIEW_QUEUE", "MANAGE_QUEUE"];
    const key = await gateway.request("/api/v1/api-keys", { token: operator.token, body: { name: "key", scopes } });
    const { key: token } = key.body as { key: string };
    expectError(await call("POST", "", { ...deadForAWeek, name: "x" }, { ...operator, token }), 403, "forbidden");
    for (const [method, path] of [
      ["GET", ""],
      ["GET", "/preview"],
      ["PATCH", ""],
      ["DELETE", ""],
    ] as const) {
      expectError(await call(method, `/${missing}${path}`, method === "PATCH" ? {} : undefined), 404, "not_found");
    }
    expectError(await call("POST", "", deadForAWeek), 409, "conflict");
  });
});

describe("a rule that is switched on", () => {
  it("orders a run for what it finds, once an interval, in the name of its owner and audited as the rule", async () => {
    const id = await addRule();
    await addItem("old");
    await addItem("new", { firstSeenAt: gateway.clock.now() });
    await Promise.all([follow(), follow()]);
    const [run, ...others] = await runs();
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      ruleId: id,
      action: "DELETE",
      total: 1,
      requestedBy: operator.username,
      items: [{ uid: "old" }],
    });
    expect(await gateway.db.auditEvent.findMany({ where: { action: "queue.bulk" } })).toMatchObject([
      {
        targets: ["delete", JSON.stringify({ states: ["DEAD"], inStateSeconds: week }), "rule: Dead for a week"],
        actorId: operator.userId,
        requestId: `rule:${id}`,
        outcome: "SUCCEEDED",
      },
    ]);
    expect(await ruleOf(id)).toMatchObject({ lastMatches: 1, lastRun: { id: run?.id, status: "queued" } });
    await gateway.db.queueBulkRun.updateMany({ data: { status: "DONE" } });
    gateway.clock.advance(3_599_000);
    await looked();
    expect(await follow()).toEqual({ looked: 0 });
    gateway.clock.advance(1000);
    await looked();
    expect(await follow()).toEqual({ looked: 1 });
    expect(await runs()).toHaveLength(2);
  });

  it("orders nothing when nothing fits, nor while what it ordered goes on", async () => {
    const id = await addRule({ intervalSeconds: 60 });
    expect(await follow()).toEqual({ looked: 1 });
    expect(await ruleOf(id)).toMatchObject({ lastMatches: 0 });
    await addItem("old");
    for (let n = 0; n < 2; n += 1) {
      gateway.clock.advance(60_000);
      await looked();
      expect(await follow()).toEqual({ looked: 1 });
    }
    expect(await runs()).toHaveLength(1);
    expect(await gateway.db.auditEvent.count({ where: { action: "queue.bulk" } })).toBe(1);
  });

  it("does nothing while it is switched off", async () => {
    await addRule({ enabled: false });
    await addItem("old");
    expect(await follow()).toEqual({ looked: 0 });
  });

  it("does nothing by an old view of the queue, and says so", async () => {
    const id = await addRule();
    await addItem("old");
    gateway.clock.advance(5 * 60_000 + 1);
    await follow();
    expect((await ruleOf(id)).lastProblem).toBe("Nobody has looked at the queue for five minutes.");
    expect(await runs()).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["is disabled", () => gateway.db.user.update({ where: { id: operator.userId }, data: { disabledAt: new Date() } })],
    ["has lost the role", () => gateway.db.userRole.deleteMany({ where: { userId: operator.userId } })],
    ["is gone", () => gateway.db.user.delete({ where: { id: operator.userId } })],
  ])("does nothing when its owner %s, until somebody else answers for it", async (_name, lose) => {
    const id = await addRule();
    await addItem("old");
    await lose();
    await follow();
    const admin = await gateway.signIn("ROLE_ADMIN");
    const rule = (await call("GET", `/${id}`, undefined, admin)).body as Rule;
    expect(rule.lastProblem).toContain(`${operator.username} may not do this any more`);
    expect(await runs()).toEqual([]);
    await call("PATCH", `/${id}`, { enabled: true }, admin);
    gateway.clock.advance(3_600_000);
    await looked();
    await follow();
    expect(await runs()).toMatchObject([{ requestedBy: admin.username }]);
  });
});
