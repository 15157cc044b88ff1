import type { BulkParts } from "@robin/api";
import { workOnBulkRuns } from "@robin/api";
import type { Prisma } from "@robin/db";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf, expectError } from "./auth-support.ts";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { trpcClient } from "./trpc-client.ts";

type ItemRow = Prisma.QueueItemUncheckedCreateInput;
interface Run {
  id: string;
  status: string;
  problem?: string;
}
interface Result {
  matches: number;
  totals: Record<string, number>;
  sample: { uid: string }[];
  run?: Run;
}

const day = 24 * 60 * 60 * 1000;

let gateway: TestGateway;
let operator: SignedIn;
let reader: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 } });
  operator = await gateway.signIn("ROLE_OPERATOR");
  reader = await gateway.signIn("ROLE_READONLY");
});
afterAll(() => gateway.close());
beforeEach(async () => {
  const { db, clock } = gateway;
  await db.auditEvent.deleteMany();
  await db.queueBulkRun.deleteMany();
  await db.queueItem.deleteMany();
  const watch = { lookedAt: clock.now(), completeAt: clock.now() };
  await db.queueWatch.upsert({ where: { id: 1 }, create: { id: 1, ...watch }, update: watch });
  for (const { uid } of [...gateway.simulator.queue.items()]) gateway.simulator.queue.remove(uid);
});

const ago = (ms: number) => new Date(gateway.clock.now().getTime() - ms);

/** In Robin's queue and in the record of it. */
async function queued(uid: string, fields: Partial<ItemRow> = {}): Promise<string> {
  const { state = "READY", retryCount = 0, leftAt } = fields;
  if (!leftAt) gateway.simulator.queue.add({ uid, state, retryCount, nextAttemptAtSeconds: 4_000_000_000 });
  const recipients = (fields.recipients as string[] | undefined) ?? ["to@example.com"];
  const domains = recipients.map((address) => address.split("@")[1]?.toLowerCase() ?? "");
  const known = { protocol: "ESMTP", recipientsHidden: 0, envelopeCount: 1, changedSeq: 1, firstSeenAt: ago(0) };
  await gateway.db.queueItem.create({ data: { uid, state, retryCount, recipients, domains, ...known, ...fields } });
  return uid;
}
const bulk = (body: unknown, { token }: { token: string } = operator) =>
  gateway.request("/api/v1/queue/bulk", { body, token });
const get = (path: string, { token }: { token: string } = operator) =>
  gateway.request(`/api/v1/queue/bulk${path}`, { token });
async function work(overrides: Partial<BulkParts> = {}) {
  const { db, robin, events, clock, logger } = gateway.deps;
  const signal = new AbortController().signal;
  const parts = { db, robin, events, clock, logger, signal, batchSize: 2, pause: () => Promise.resolve() };
  return workOnBulkRuns({ ...parts, ...overrides });
}
async function order(body: object): Promise<Run> {
  const answer = await bulk(body);
  expect(answer.status, answer.text).toBe(200);
  return (answer.body as Required<Result>).run;
}

describe("POST /queue/bulk with dryRun", () => {
  it.each<[string, object, Partial<ItemRow>, Partial<ItemRow>]>([
    [
      "domain, in any case",
      { domain: "Spam.Example" },
      { recipients: ["a@Spam.example"] },
      { recipients: ["a@b.example"] },
    ],
    [
      "domain, not a part of one",
      { domain: "b.example" },
      { recipients: ["a@b.example"] },
      { recipients: ["a@c.b.example"] },
    ],
    ["sender", { sender: "NEWS@shop.example" }, { sender: "news@shop.example" }, { sender: null }],
    [
      "sender with a wildcard",
      { sender: "*@shop.example" },
      { sender: "a@shop.example" },
      { sender: "a@shopXexample" },
    ],
    [
      "recipient as it is",
      { recipient: "a_b@x.example" },
      { recipients: ["z@x.example", "A_B@x.example"] },
      { recipients: ["aXb@x.example"] },
    ],
    ["states", { states: "DEAD,CLAIMED" }, { state: "CLAIMED" }, { state: "READY" }],
    [
      "first seen before",
      { firstSeenBefore: "2020-01-02T00:00:00Z" },
      { firstSeenAt: "2020-01-01T23:59:59Z" },
      { firstSeenAt: "2020-01-02T00:00:00Z" },
    ],
    [
      "first seen after",
      { firstSeenAfter: "2020-01-02T00:00:00Z" },
      { firstSeenAt: "2020-01-02T00:00:00Z" },
      { firstSeenAt: "2020-01-01T23:59:59Z" },
    ],
    ["retries", { retryMin: 2, retryMax: 3 }, { retryCount: 3 }, { retryCount: 4 }],
    [
      "error text, percent signs included",
      { error: "100% FULL" },
      { lastError: "452 mailbox 100% full" },
      { lastError: "452 100 is full" },
    ],
    [
      "all fields at once",
      { domain: "x.example", states: "DEAD" },
      { state: "DEAD", recipients: ["a@x.example"] },
      { recipients: ["a@x.example"] },
    ],
  ])("200 with what fits by %s, and nothing done", async (_name, filter, fitting, other) => {
    await queued("fits", fitting);
    await queued("other", other);
    await queued("gone", { ...fitting, leftAt: ago(0) });
    const answer = await bulk({ action: "delete", filter, dryRun: true });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toMatchObject({ dryRun: true, matches: 1, sample: [{ uid: "fits" }] });
    expect(gateway.simulator.queue.items()).toHaveLength(2);
    expect(await gateway.db.queueBulkRun.count()).toBe(0);
    expect(await auditOf(gateway, answer)).toEqual([]);
  });

  it("200 by age: first seen, and in its state for longer", async () => {
    await queued("old", { firstSeenAt: ago(8 * day), state: "DEAD" });
    await queued("revived", { firstSeenAt: ago(8 * day), state: "DEAD" });
    await queued("new", { firstSeenAt: ago(day), state: "DEAD" });
    await gateway.db.queueEvent.create({ data: { uid: "revived", at: ago(day), kind: "STATE", state: "DEAD" } });
    const week = (7 * day) / 1000;
    const older = await bulk({ action: "delete", filter: { olderThanSeconds: week }, dryRun: true });
    expect((older.body as Result).sample.map(({ uid }) => uid)).toEqual(["old", "revived"]);
    const dead = await bulk({ action: "delete", filter: { states: "DEAD", inStateSeconds: week }, dryRun: true });
    expect((dead.body as Result).sample.map(({ uid }) => uid)).toEqual(["old"]);
  });

  it("200 with a sample of the 20 oldest and the totals by state", async () => {
    for (let n = 10; n < 40; n += 1)
      await queued(`uid-${n}`, { firstSeenAt: ago(n), state: n < 15 ? "DEAD" : "READY" });
    const { body } = await bulk({ action: "delete", all: true, dryRun: true });
    const { sample, ...rest } = body as Result;
    expect(rest).toMatchObject({ matches: 30, totals: { ready: 25, claimed: 0, dead: 5 } });
    expect(sample.map(({ uid }) => uid)).toEqual(Array.from({ length: 20 }, (_none, n) => `uid-${39 - n}`));
  });

  it("200 leaves out of a retry what is being delivered, unless it is asked for by name", async () => {
    await queued("busy", { state: "CLAIMED" });
    await queued("dead", { state: "DEAD" });
    const count = async (body: object) => ((await bulk({ ...body, dryRun: true })).body as Result).matches;
    expect(await count({ action: "retry", all: true })).toBe(1);
    expect(await count({ action: "retry", filter: { states: "CLAIMED" } })).toBe(1);
    expect(await count({ action: "delete", all: true })).toBe(2);
  });
});

describe("POST /queue/bulk", () => {
  it("200 with a run that a worker brings to its end: what fitted then, and nothing that came later", async () => {
    for (const uid of ["a", "b", "c", "d", "e"]) await queued(uid, { state: "DEAD" });
    await queued("other", { state: "READY" });
    const answer = await bulk({ action: "delete", filter: { states: ["DEAD"] } });
    const { run } = answer.body as Required<Result>;
    expect(run).toMatchObject({
      action: "delete",
      status: "queued",
      total: 5,
      done: 0,
      remaining: 5,
      filter: { states: ["DEAD"] },
    });
    await queued("late", { state: "DEAD" });
    const before = gateway.simulator.requests.length;
    expect(await work()).toEqual({ ended: 1, waiting: false });
    expect(gateway.simulator.queue.items().map(({ uid }) => uid)).toEqual(expect.arrayContaining(["other", "late"]));
    expect(gateway.simulator.queue.items()).toHaveLength(2);
    const asked = gateway.simulator.requests.slice(before).map(({ target }) => target);
    expect(asked).toEqual(["/health", ...Array.from({ length: 3 }, () => "/client/queue/delete")]);
    expect((await get(`/${run.id}`)).body).toMatchObject({
      status: "done",
      total: 5,
      done: 5,
      remaining: 0,
      problems: [],
    });
    expect(await gateway.db.queueBulkItem.count()).toBe(0);
  });

  it("200 with one audit row, which has the filter", async () => {
    await queued("a");
    await queued("b");
    const answer = await bulk({ action: "bounce", filter: { domain: "example.com" } });
    await work();
    expect(gateway.simulator.queue.get("a")?.state).toBe("DEAD");
    expect(await auditOf(gateway, answer)).toMatchObject([
      { action: "queue.bulk", targets: ["bounce", '{"domain":"example.com"}'], outcome: "SUCCEEDED" },
    ]);
    expect(await gateway.db.auditEvent.count({ where: { action: { startsWith: "queue." } } })).toBe(1);
  });

  it("200 and done at once when nothing fits", async () => {
    expect(await order({ action: "delete", filter: { domain: "nowhere.example" } })).toMatchObject({
      status: "done",
      total: 0,
    });
  });

  it("400 for a filter that every item fits, unless `all` is true", async () => {
    await queued("a");
    for (const filter of [undefined, {}, { states: "READY,CLAIMED,DEAD" }]) {
      const { issues } = expectError(await bulk({ action: "delete", ...(filter && { filter }) }), 400, "invalid_input");
      expect(issues?.[0]?.path).toBe("filter");
    }
    expect((await bulk({ action: "delete", all: true })).status).toBe(200);
  });

  it.each([
    [{ retryMin: 3, retryMax: 2 }],
    [{ firstSeenAfter: "2020-01-02T00:00:00Z", firstSeenBefore: "2020-01-01T00:00:00Z" }],
    [{ domain: " " }],
    [{ states: "LOST" }],
    [{ uid: "a" }],
  ])("400 for the filter %j", async (filter) => {
    expectError(await bulk({ action: "delete", filter }), 400, "invalid_input");
  });

  it.each(["retry", "bounce", "delete"] as const)(
    "403 for %s without the permission for it, dry run included",
    async (action) => {
      await queued("a");
      for (const dryRun of [true, false])
        expectError(await bulk({ action, all: true, dryRun }, reader), 403, "forbidden");
      const scopes = ["VIEW_QUEUE", action === "delete" ? "MANAGE_QUEUE" : "DELETE_QUEUE_ITEMS"];
      const key = await gateway.request("/api/v1/api-keys", { token: operator.token, body: { name: action, scopes } });
      const { key: token } = key.body as { key: string };
      expectError(await bulk({ action, all: true }, { token }), 403, "forbidden");
      expect(await gateway.db.queueBulkRun.count()).toBe(0);
    },
  );

  it("409 while the same is under way, and while the queue has never been read to its end", async () => {
    await queued("a");
    const body = { action: "delete", filter: { domain: "example.com" } };
    await order(body);
    expectError(await bulk(body), 409, "conflict");
    await work();
    await gateway.db.queueWatch.update({ where: { id: 1 }, data: { completeAt: null } });
    expectError(await bulk({ ...body, action: "bounce" }), 409, "conflict");
    expectError(await bulk({ ...body, dryRun: true }), 409, "conflict");
  });

  it("200 over tRPC", async () => {
    await queued("a", { state: "DEAD" });
    const { queue } = trpcClient(gateway, operator.token);
    const { run } = await queue.bulk.mutate({
      action: "retry",
      filter: { firstSeenBefore: new Date(), states: ["DEAD"] },
    });
    await work();
    expect(gateway.simulator.queue.get("a")).toMatchObject({ state: "READY", retryCount: 1 });
    expect(await queue.getBulk.query({ id: run?.id ?? "" })).toMatchObject({ status: "done", done: 1 });
    expect((await queue.listBulk.query({ status: ["done"] })).items).toMatchObject([{ id: run?.id }]);
  });
});

describe("GET /queue/bulk/{id}", () => {
  it("200 says that no worker runs while it waits for one", async () => {
    await queued("a");
    const { id } = await order({ action: "delete", all: true });
    expect((await get(`/${id}`)).body).not.toHaveProperty("problem");
    await gateway.db.queueWatch.update({ where: { id: 1 }, data: { lookedAt: ago(61_000) } });
    expect((await get(`/${id}`, reader)).body).toMatchObject({
      status: "queued",
      problem: "It begins when a worker runs: none has looked at the queue for a minute.",
    });
  });

  it("200 with the items that had left the queue by name, where the record knows them, and else as a number", async () => {
    for (const uid of ["known", "unknown", "there"]) await queued(uid);
    const { id } = await order({ action: "bounce", all: true });
    gateway.simulator.queue.remove("known");
    gateway.simulator.queue.remove("unknown");
    await gateway.db.queueItem.update({ where: { uid: "known" }, data: { leftAt: ago(0) } });
    await work({ batchSize: 10 });
    expect((await get(`/${id}`)).body).toMatchObject({
      status: "done",
      done: 1,
      missing: 2,
      failed: 0,
      remaining: 0,
      problems: [{ uid: "known", outcome: "missing", reason: "It had left the queue." }],
    });
  });

  it("404 for one that is not there, 400 for what is no id", async () => {
    expectError(await get("/018f3f3e-7b5e-7c3a-9b1a-1234567890ab"), 404, "not_found");
    expectError(await get("/x"), 400, "invalid_input");
  });
});

describe("POST /queue/bulk/{id}/cancel", () => {
  const cancel = (id: string, { token } = operator) =>
    gateway.request(`/api/v1/queue/bulk/${id}/cancel`, { token, body: {} });

  it("200 ends one that waits at once", async () => {
    await queued("a");
    const { id } = await order({ action: "delete", all: true });
    const answer = await cancel(id);
    expect(answer.body).toMatchObject({ status: "cancelled", remaining: 1 });
    expect(await auditOf(gateway, answer)).toMatchObject([{ action: "queue.cancelBulk", targets: [id] }]);
    expect(await work()).toEqual({ ended: 0, waiting: false });
    expect(gateway.simulator.queue.items()).toHaveLength(1);
    expectError(await cancel(id), 409, "conflict");
  });

  it("200 ends one that runs after the batch that it is at", async () => {
    for (const uid of ["a", "b", "c", "d", "e"]) await queued(uid);
    const { id } = await order({ action: "delete", all: true });
    let seen: unknown;
    const pause = async () => {
      seen ??= ((await cancel(id)).body as Run).status;
    };
    expect(await work({ pause })).toEqual({ ended: 1, waiting: false });
    expect(seen).toBe("cancelling");
    expect((await get(`/${id}`)).body).toMatchObject({ status: "cancelled", done: 2, remaining: 3 });
    expect(gateway.simulator.queue.items()).toHaveLength(3);
    expect(await gateway.db.queueBulkItem.count()).toBe(0);
  });

  it("403 without the permission for its action; 404 for one that is not there", async () => {
    await queued("a");
    const { id } = await order({ action: "delete", all: true });
    expectError(await cancel(id, reader), 403, "forbidden");
    expectError(await cancel("018f3f3e-7b5e-7c3a-9b1a-1234567890ab"), 404, "not_found");
  });
});
