import { attemptsMax, backoffMs } from "@robin/api";
import type { AlertWebhook, Db } from "@robin/db";
import { createTestDatabase, type TestDatabase } from "@robin/db/testing";
import { createLocalEvents, type Events } from "@robin/events";
import { createManualClock } from "@robin/simulator";
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { absentRobin } from "../../test/absent-robin.ts";
import { captureLog, type CapturedLog } from "../../test/captured-log.ts";
import { startReceiver, type WebhookReceiver } from "../../test/webhook-receiver.ts";
import type { JobContext } from "../handler.ts";
import { alertsDeliver, alertsEvaluate, recordsCleanUp } from "./alerts.ts";

const noon = new Date("2027-03-31T12:00:00.000Z");
const secret = "a secret that signs, 32 characters";

let database: TestDatabase;
let db: Db;
let clock: ReturnType<typeof createManualClock>;
let log: CapturedLog;
let events: Events;
let context: JobContext;
let breaker: "closed" | "open";
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
});
afterAll(() => database.drop());
beforeEach(async () => {
  await db.alertRule.deleteMany();
  await db.alert.deleteMany();
  await db.alertWebhook.deleteMany();
  await db.queueItem.deleteMany();
  await db.queueSize.deleteMany();
  await db.metricSample.deleteMany();
  clock = createManualClock(noon);
  log = captureLog();
  events = createLocalEvents(log.logger);
  breaker = "closed";
  const robin = { ...absentRobin(), breakers: () => ({ client: breaker, service: "closed" as const }) };
  const signal = new AbortController().signal;
  context = { db, events, robin, logger: log.logger, signal, now: () => clock.now(), webhooks: { allowPrivate: true } };
  await look({ ready: 0, claimed: 0, dead: 0 });
});

type RuleFields = Partial<Parameters<Db["alertRule"]["create"]>[0]["data"]>;
function addRule(fields: RuleFields) {
  const times = { forSeconds: 0, clearSeconds: 0, createdAt: noon, updatedAt: noon };
  const data = {
    name: "rule",
    kind: "QUEUE_SIZE",
    threshold: 10,
    severity: "WARNING",
    enabled: true,
    ...times,
  } as const;
  return db.alertRule.create({ data: { ...data, ...fields } as typeof data });
}
/** As the worker does that watches the queue. */
async function look(totals: { ready: number; claimed: number; dead: number }) {
  const seen = { lookedAt: clock.now(), completeAt: clock.now(), ...totals };
  await db.queueWatch.upsert({ where: { id: 1 }, create: { id: 1, ...seen }, update: seen });
}
const evaluate = () => alertsEvaluate.run({}, context);
const deliver = () => alertsDeliver.run({}, context);
const alerts = () => db.alert.findMany({ orderBy: { firedAt: "asc" } });

describe("alerts.evaluate", () => {
  it("fires once, keeps the value up to date, and ends, telling every process", async () => {
    const told: string[] = [];
    events.subscribe("alert.changed", ({ alertId }) => told.push(alertId));
    const { id: ruleId } = await addRule({ states: ["READY"], forSeconds: 15, clearSeconds: 15 });
    await look({ ready: 11, claimed: 100, dead: 100 });
    expect(await evaluate()).toEqual({ fired: 0, cleared: 0 });
    clock.advance(15_000);
    expect(await evaluate()).toEqual({ fired: 1, cleared: 0 });
    for (const ready of [90, 40]) {
      clock.advance(15_000);
      await look({ ready, claimed: 0, dead: 0 });
      expect(await evaluate()).toEqual({ fired: 0, cleared: 0 });
    }
    const [alert] = await alerts();
    expect(alert).toMatchObject({
      ruleId,
      value: 40,
      worstValue: 90,
      since: noon,
      firedAt: new Date(noon.getTime() + 15_000),
      clearedAt: null,
      message: "11 items are in the queue as READY: more than 10.",
    });
    await look({ ready: 10, claimed: 0, dead: 0 });
    clock.advance(15_000);
    expect(await evaluate()).toEqual({ fired: 0, cleared: 0 });
    clock.advance(15_000);
    expect(await evaluate()).toEqual({ fired: 0, cleared: 1 });
    expect((await alerts())[0]?.clearedAt).toEqual(clock.now());
    expect(told).toEqual([alert?.id, alert?.id]);
  });

  it("fires once when two workers look at the same moment", async () => {
    await addRule({});
    await look({ ready: 11, claimed: 0, dead: 0 });
    await Promise.all([evaluate(), evaluate(), evaluate()]);
    expect(await alerts()).toHaveLength(1);
  });

  it("leaves an alert as it is while the numbers are old, or there are none", async () => {
    await addRule({});
    await look({ ready: 11, claimed: 0, dead: 0 });
    await evaluate();
    await db.queueWatch.update({ where: { id: 1 }, data: { ready: 0 } });
    clock.advance(121_000);
    expect(await evaluate()).toEqual({ fired: 0, cleared: 0 });
    await db.queueWatch.deleteMany();
    expect(await evaluate()).toEqual({ fired: 0, cleared: 0 });
    await look({ ready: 0, claimed: 0, dead: 0 });
    expect(await evaluate()).toEqual({ fired: 0, cleared: 1 });
  });

  it("ends the alert of a rule that was switched off or deleted", async () => {
    const off = await addRule({ name: "off" });
    const gone = await addRule({ name: "gone" });
    await look({ ready: 11, claimed: 0, dead: 0 });
    await evaluate();
    await db.alertRule.update({ where: { id: off.id }, data: { enabled: false } });
    await db.alertRule.delete({ where: { id: gone.id } });
    expect(await evaluate()).toEqual({ fired: 0, cleared: 2 });
    expect((await alerts()).map(({ ruleName }) => ruleName).sort()).toEqual(["gone", "off"]);
  });

  it("knows how long the oldest READY item waits; those that left or are dead do not count", async () => {
    await addRule({ kind: "OLDEST_READY", threshold: 3600 });
    const known = { protocol: "ESMTP", recipientsHidden: 0, envelopeCount: 1, changedSeq: 1, retryCount: 0 };
    const before = (seconds: number) => new Date(noon.getTime() - seconds * 1000);
    const gone = { uid: "gone", state: "READY", leftAt: noon, firstSeenAt: before(9000), ...known } as const;
    const dead = { uid: "dead", state: "DEAD", firstSeenAt: before(9000), ...known } as const;
    await db.queueItem.createMany({ data: [gone, dead] });
    expect(await evaluate()).toMatchObject({ fired: 0 });
    await db.queueItem.create({ data: { uid: "ready", state: "READY", firstSeenAt: before(3601), ...known } });
    expect(await evaluate()).toMatchObject({ fired: 1 });
    expect(await alerts()).toMatchObject([{ value: 3601 }]);
  });

  it("knows how many more items are dead than a window ago", async () => {
    await addRule({ kind: "DEAD_GROWTH", windowSeconds: 3600, threshold: 5 });
    const size = (minutesAgo: number, dead: number) =>
      db.queueSize.create({
        data: {
          domain: "",
          resolution: 60,
          at: new Date(noon.getTime() - minutesAgo * 60_000),
          ready: 0,
          claimed: 0,
          dead,
        },
      });
    await size(90, 1);
    await size(61, 4);
    await size(30, 50);
    await look({ ready: 0, claimed: 0, dead: 9 });
    expect(await evaluate()).toMatchObject({ fired: 0 });
    await look({ ready: 0, claimed: 0, dead: 10 });
    expect(await evaluate()).toMatchObject({ fired: 1 });
    expect(await alerts()).toMatchObject([{ value: 6 }]);
  });

  it("knows since when Robin does not answer, also when it never did", async () => {
    await addRule({ kind: "ROBIN_UNREACHABLE", threshold: 60 });
    const wait = async (ticks: number) => {
      for (let tick = 1; tick < ticks; tick += 1) {
        clock.advance(15_000);
        expect(await evaluate()).toEqual({ fired: 0, cleared: 0 });
      }
      clock.advance(15_000);
    };
    await evaluate();
    await wait(5);
    expect(await evaluate()).toMatchObject({ fired: 1 });
    await db.metricSample.create({ data: { resolution: 0, at: clock.now() } });
    expect(await evaluate()).toMatchObject({ cleared: 1 });
    await db.queueWatch.deleteMany();
    await db.metricSample.deleteMany();
    expect(await evaluate()).toMatchObject({ fired: 1 });
  });

  it("does not take Robin for silent when no worker was there to ask it", async () => {
    await addRule({ kind: "ROBIN_UNREACHABLE", threshold: 60 });
    clock.advance(600_000);
    expect(await evaluate()).toMatchObject({ fired: 0 });
    await look({ ready: 0, claimed: 0, dead: 0 });
    clock.advance(600_000);
    expect(await evaluate()).toMatchObject({ fired: 0 });
    await look({ ready: 0, claimed: 0, dead: 0 });
    clock.advance(15_000);
    expect(await evaluate()).toMatchObject({ fired: 0 });
    expect(await alerts()).toEqual([]);
  });

  it("knows of an open breaker, of the size of the database, and of a worker that was not at work", async () => {
    await addRule({ name: "breaker", kind: "BREAKER_OPEN", threshold: 0 });
    await addRule({ name: "database", kind: "DATABASE_SIZE", threshold: 1_000_000 });
    await addRule({ name: "late", kind: "WORKER_LATE", threshold: 120 });
    await evaluate();
    breaker = "open";
    clock.advance(121_000);
    await look({ ready: 0, claimed: 0, dead: 0 });
    await evaluate();
    expect((await alerts()).map(({ ruleName, value }) => [ruleName, value > 1_000_000 || value])).toEqual([
      ["database", true],
      ["breaker", 1],
      ["late", 121],
    ]);
  });
});

describe("alerts.deliver", () => {
  let receiver: WebhookReceiver;
  beforeEach(async () => {
    receiver = await startReceiver();
    return () => receiver.close();
  });

  function addWebhook(fields: Partial<AlertWebhook> = {}) {
    const times = { createdAt: noon, updatedAt: noon };
    const data = { name: "hook", url: receiver.url, secret, minSeverity: "INFO", enabled: true, ...times } as const;
    return db.alertWebhook.create({ data: { ...data, ...fields } });
  }
  async function fire(fields: RuleFields = {}) {
    await addRule(fields);
    await look({ ready: 11, claimed: 0, dead: 0 });
    await evaluate();
  }
  const deliveries = () => db.alertDelivery.findMany({ orderBy: [{ createdAt: "asc" }, { id: "asc" }] });
  const ids = () => receiver.received.map(({ headers }) => headers["x-robin-delivery"]);

  it("posts what happened, signed over the time and the body, byte for byte", async () => {
    await addWebhook();
    await fire({ name: "Käse & Söhne" });
    expect(await deliver()).toEqual({ delivered: 1, failed: 0 });
    const [request] = receiver.received;
    const [delivery] = await deliveries();
    const [alert] = await alerts();
    expect(request?.headers).toMatchObject({
      "content-type": "application/json",
      "x-robin-event": "alert.fired",
      "x-robin-delivery": delivery?.id,
    });
    expect(JSON.parse(request?.body ?? "")).toEqual({
      id: delivery?.id,
      event: "alert.fired",
      at: noon.toISOString(),
      alert: {
        id: alert?.id,
        rule: "Käse & Söhne",
        kind: "QUEUE_SIZE",
        severity: "WARNING",
        message: "11 items are in the queue: more than 10.",
        threshold: 10,
        value: 11,
        since: noon.toISOString(),
        firedAt: noon.toISOString(),
      },
    });
    const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request?.headers["x-robin-signature"])) ?? [];
    expect(Number(time)).toBe(noon.getTime() / 1000);
    const digest = execFileSync("openssl", ["dgst", "-sha256", "-hmac", secret], {
      input: `${time}.${request?.body ?? ""}`,
    });
    expect(digest.toString().trim().split("= ")[1]).toBe(signature);
    expect(delivery).toMatchObject({ status: "DELIVERED", attempts: 1, lastStatus: 200, deliveredAt: noon });
    expect(await deliver()).toEqual({ delivered: 0, failed: 0 });
  });

  it("tells of the end, and only those who want to know of that severity", async () => {
    await addWebhook({ name: "all" });
    await addWebhook({ name: "grave", minSeverity: "CRITICAL", url: `${receiver.url}/grave` });
    await addWebhook({ name: "off", enabled: false });
    await fire({ severity: "WARNING" });
    clock.advance(15_000);
    await look({ ready: 0, claimed: 0, dead: 0 });
    await evaluate();
    await deliver();
    expect(receiver.received.map(({ headers }) => headers["x-robin-event"])).toEqual(["alert.fired", "alert.cleared"]);
  });

  it("tries again under the same id, later each time, and signs each attempt anew", async () => {
    await addWebhook();
    await fire();
    receiver.answer = (response) => response.writeHead(500).end("stack trace");
    expect(await deliver()).toEqual({ delivered: 0, failed: 1 });
    expect(await deliveries()).toMatchObject([
      {
        status: "PENDING",
        attempts: 1,
        lastStatus: 500,
        lastError: "The receiver answered with an error (500).",
        nextAttemptAt: new Date(noon.getTime() + 10_000),
      },
    ]);
    clock.advance(9000);
    await deliver();
    clock.advance(1000);
    await deliver();
    clock.advance(20_000);
    receiver.answer = (response) => response.writeHead(204).end();
    expect(await deliver()).toEqual({ delivered: 1, failed: 0 });
    expect(ids()).toHaveLength(3);
    expect(new Set(ids()).size).toBe(1);
    expect(new Set(receiver.received.map(({ headers }) => headers["x-robin-signature"])).size).toBe(3);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(await deliveries()).toMatchObject([{ status: "DELIVERED", attempts: 3, lastError: null }]);
  });

  it("gives up after the last attempt, and says so", async () => {
    await addWebhook();
    await fire();
    receiver.answer = (response) => response.writeHead(503).end();
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      await deliver();
      clock.advance(backoffMs(attempt));
    }
    await deliver();
    expect(receiver.received).toHaveLength(attemptsMax);
    expect(await deliveries()).toMatchObject([{ status: "DEAD", attempts: attemptsMax, lastStatus: 503 }]);
    expect(log.lines.filter(({ level }) => level >= 50).map(({ msg }) => msg)).toEqual([
      "a webhook could not be told of an alert",
    ]);
    expect(backoffMs(1)).toBe(10_000);
    expect(backoffMs(attemptsMax)).toBe(3_600_000);
  });

  it("follows no redirect", async () => {
    const other = await startReceiver();
    await addWebhook();
    await fire();
    receiver.answer = (response) => response.writeHead(307, { location: other.url }).end();
    await deliver();
    expect(other.received).toEqual([]);
    expect(await deliveries()).toMatchObject([
      { status: "PENDING", lastError: "The receiver answered with a redirect, which is not followed (307)." },
    ]);
    await other.close();
  });

  it.each([
    ["a host that is not known", "http://robin-gateway.invalid/x", "The host's name is not known."],
    ["a port where nobody listens", "http://127.0.0.1:1/x", "The connection failed (ECONNREFUSED)."],
  ])("tries again with %s", async (_name, url, lastError) => {
    await addWebhook({ url });
    await fire();
    await deliver();
    expect(await deliveries()).toMatchObject([{ status: "PENDING", attempts: 1, lastStatus: null, lastError }]);
  });

  it.each([
    "http://127.0.0.1:1/x",
    "https://127.0.0.1:1/x",
    "https://[::1]:1/x",
    "https://localhost:1/x",
    "https://[::ffff:10.0.0.1]/x",
  ])("sends nothing to %s unless that is allowed", async (url) => {
    await addWebhook({ url });
    await fire();
    await alertsDeliver.run({}, { ...context, webhooks: undefined });
    expect(await deliveries()).toMatchObject([{ status: "DEAD", attempts: 1 }]);
    expect(receiver.received).toEqual([]);
  });

  it("does not wait for one webhook to tell another, and sends nothing more to one that fails", async () => {
    await addWebhook({ name: "a", url: "http://127.0.0.1:1/x" });
    await addWebhook({ name: "b" });
    await fire({ name: "first" });
    await addRule({ name: "second" });
    await evaluate();
    expect(await deliver()).toEqual({ delivered: 2, failed: 1 });
    const attempts = (await deliveries()).filter(({ status }) => status === "PENDING").map(({ attempts }) => attempts);
    expect(attempts.sort()).toEqual([0, 1]);
  });

  it("sends once more what a worker died over, and not at once", async () => {
    await addWebhook();
    await fire();
    const [delivery] = await deliveries();
    // What it had written down before it sent.
    await db.alertDelivery.updateMany({ data: { attempts: 1, nextAttemptAt: new Date(noon.getTime() + 10_000) } });
    await deliver();
    expect(receiver.received).toEqual([]);
    clock.advance(10_000);
    await Promise.all([deliver(), deliver()]);
    expect(ids()).toEqual([delivery?.id]);
  });

  it("keeps the secret and the URL out of the log", async () => {
    await addWebhook({ url: `${receiver.url}?token=hidden-word` });
    await fire();
    receiver.answer = (response) => response.writeHead(500).end();
    await deliver();
    expect(log.lines.length).toBeGreaterThan(0);
    expect(JSON.stringify(log.lines)).not.toMatch(/hidden-word|a secret that signs/);
  });
});

it("records.cleanUp deletes what ended long ago, and nothing that goes on", async () => {
  const old = new Date(noon.getTime() - 400 * 24 * 60 * 60 * 1000);
  const run = { action: "DELETE", filter: {}, total: 0, requestedBy: "anna", createdAt: old } as const;
  await db.queueBulkRun.createMany({ data: [{ ...run, finishedAt: old }, run] });
  const alert = {
    ruleName: "rule",
    kind: "QUEUE_SIZE",
    severity: "INFO",
    threshold: 1,
    value: 2,
    worstValue: 2,
  } as const;
  const times = { since: old, firedAt: old, message: "" };
  await db.alert.createMany({
    data: [
      { ...alert, ...times, clearedAt: old },
      { ...alert, ...times },
    ],
  });
  const hook = { name: "hook", url: "https://example.com", secret, minSeverity: "INFO", enabled: true } as const;
  const { id: webhookId } = await db.alertWebhook.create({ data: { ...hook, createdAt: old, updatedAt: old } });
  const message = { webhookId, event: "TEST", body: "{}", nextAttemptAt: old, createdAt: old } as const;
  await db.alertDelivery.createMany({ data: [{ ...message, status: "DEAD" }, message] });
  expect(await recordsCleanUp.run({ runDays: 90, alertDays: 366 }, context)).toEqual({
    runs: 1,
    deliveries: 1,
    alerts: 1,
  });
  expect(await db.queueBulkRun.count({ where: { finishedAt: null } })).toBe(1);
  expect(await db.alert.count({ where: { clearedAt: null } })).toBe(1);
  expect(await db.alertDelivery.count({ where: { status: "PENDING" } })).toBe(1);
});
