import { type BulkParts, workOnBulkRuns } from "@robin/api";
import { type Db, migrate, type QueueAction } from "@robin/db";
import { createDb } from "@robin/db";
import { createTestDatabase, type TestDatabase } from "@robin/db/testing";
import { createLocalEvents } from "@robin/events";
import { createRobinClient, type RobinClient } from "@robin/sdk";
import { createRobinSimulator, type Fault, type RobinSimulator } from "@robin/simulator";
import { fork } from "node:child_process";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestServer } from "../../../../packages/jobs/test/servers.ts";
import { captureLog } from "../../test/captured-log.ts";
import { withSchedule } from "../handler.ts";
import { startWorker } from "../worker.ts";
import { queueBulk } from "./queue-bulk.ts";

const far = 4_000_000_000;
const path = (action: QueueAction) => `/client/queue/${action.toLowerCase()}`;

/** A run over so many items, all of them in Robin's queue and in the record of it. */
async function orderRun(db: Db, simulator: RobinSimulator, { action, items }: { action: QueueAction; items: number }) {
  const uids = Array.from({ length: items }, (_none, n) => `uid-${String(n).padStart(5, "0")}`);
  for (const uid of uids) simulator.queue.add({ uid, nextAttemptAtSeconds: far });
  const known = { protocol: "ESMTP", recipientsHidden: 0, envelopeCount: 1, changedSeq: 1, retryCount: 0 };
  const firstSeenAt = new Date();
  await db.queueItem.createMany({ data: uids.map((uid) => ({ uid, state: "READY", firstSeenAt, ...known })) });
  const run = { action, filter: {}, total: items, requestedBy: "anna", createdAt: firstSeenAt };
  const { id } = await db.queueBulkRun.create({ data: run });
  const rows = uids.map((uid, index) => ({ runId: id, position: index + 1, uid }));
  await db.queueBulkItem.createMany({ data: rows });
  return id;
}

describe("queue.bulk", () => {
  let database: TestDatabase;
  let db: Db;
  let simulator: RobinSimulator;
  let robin: RobinClient;
  beforeAll(async () => {
    database = await createTestDatabase();
    db = database.db;
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await db.queueBulkRun.deleteMany();
    await db.queueItem.deleteMany();
    simulator = await createRobinSimulator({ items: 0 });
    robin = createRobinClient({
      clientApi: { url: simulator.clientUrl },
      serviceApi: { url: simulator.serviceUrl },
      breaker: { failureThreshold: 1_000_000 },
    });
  });
  afterEach(async () => {
    await robin.close();
    await simulator.close();
  });

  async function work(overrides: Partial<BulkParts> = {}) {
    const { logger } = captureLog();
    const parts = { db, robin, events: createLocalEvents(logger), logger, clock: { now: () => new Date() } };
    const signal = new AbortController().signal;
    return workOnBulkRuns({ ...parts, signal, batchSize: 4, pause: () => Promise.resolve(), ...overrides });
  }
  const fail = (action: QueueAction, fault: Fault, times?: number) => {
    simulator.faults.set({ port: "client", route: path(action), fault, ...(times !== undefined && { times }) });
  };
  const runOf = (id: string) => db.queueBulkRun.findUniqueOrThrow({ where: { id }, include: { items: true } });
  const retryCounts = () => simulator.queue.items().map(({ retryCount }) => retryCount);
  const calls = (action: QueueAction) => simulator.requests.filter(({ target }) => target === path(action)).length;

  it("leaves Robin to others between two batches, longer the longer a batch took, and tells how far it is", async () => {
    await orderRun(db, simulator, { action: "RETRY", items: 12 });
    const pauses: number[] = [];
    const told: string[] = [];
    const events = createLocalEvents(captureLog().logger);
    events.subscribe("bulk.progress", ({ bulkId }) => told.push(bulkId));
    fail("RETRY", { kind: "delay", ms: 100 }, 1);
    const pause = (ms: number) => {
      pauses.push(ms);
      return Promise.resolve();
    };
    await work({ events, pause });
    expect(pauses).toHaveLength(3);
    expect(pauses[0]).toBeGreaterThanOrEqual(300);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(20);
    expect(told).toHaveLength(4);
    expect(retryCounts()).toEqual(Array.from({ length: 12 }, () => 1));
  });

  it("goes on where a worker ended that was told to stop, and does nothing twice", async () => {
    const id = await orderRun(db, simulator, { action: "RETRY", items: 10 });
    const stopping = new AbortController();
    const pause = () => {
      stopping.abort();
      return Promise.resolve();
    };
    expect(await work({ signal: stopping.signal, pause })).toEqual({ ended: 0, waiting: true });
    expect(await runOf(id)).toMatchObject({ status: "RUNNING", done: 4 });
    expect(await work()).toEqual({ ended: 1, waiting: false });
    expect(await runOf(id)).toMatchObject({ status: "DONE", done: 10, failed: 0, items: [] });
    expect(retryCounts()).toEqual(Array.from({ length: 10 }, () => 1));
  });

  it("does not repeat a retry that a worker died over, and says that nobody knows", async () => {
    const id = await orderRun(db, simulator, { action: "RETRY", items: 10 });
    // As if the process ended when Robin had answered and nothing was written down yet.
    const dies = {
      ...robin.queue,
      retry: (...args: Parameters<typeof robin.queue.retry>) => died(robin.queue.retry(...args)),
    };
    await expect(work({ robin: { ...robin, queue: dies } })).rejects.toThrow("died");
    await work();
    const { items, ...run } = await runOf(id);
    expect(run).toMatchObject({ status: "DONE", done: 6, failed: 4 });
    expect(items.map(({ uid, status }) => [uid, status])).toEqual(
      ["uid-00000", "uid-00001", "uid-00002", "uid-00003"].map((uid) => [uid, "FAILED"]),
    );
    expect(items[0]?.reason).toContain("may have been tried again");
    expect(retryCounts()).toEqual(Array.from({ length: 10 }, () => 1));
  });

  it.each(["DELETE", "BOUNCE"] as const)(
    "repeats a %s that a worker died over: twice is as good as once",
    async (action) => {
      const id = await orderRun(db, simulator, { action, items: 6 });
      const method = action.toLowerCase() as "delete" | "bounce";
      const dies = { ...robin.queue, [method]: () => Promise.reject(new Error("died")) };
      await expect(work({ robin: { ...robin, queue: dies } })).rejects.toThrow("died");
      await work();
      expect(await runOf(id)).toMatchObject({ status: "DONE", done: 6, failed: 0, missing: 0, items: [] });
    },
  );

  it("leaves a run alone that another worker has taken over", async () => {
    const id = await orderRun(db, simulator, { action: "DELETE", items: 10 });
    let once = true;
    const pause = async () => {
      if (once) {
        once = false;
        await work();
      }
    };
    expect(await work({ pause })).toEqual({ ended: 0, waiting: true });
    expect(await runOf(id)).toMatchObject({ status: "DONE", done: 10 });
    expect(calls("DELETE")).toBe(3);
  });

  it("waits for a Robin that is away, without touching an item, and says so", async () => {
    const id = await orderRun(db, simulator, { action: "RETRY", items: 3 });
    simulator.faults.set({ port: "client", route: "*", fault: { kind: "reset" } });
    for (let n = 0; n < 5; n += 1) expect(await work()).toEqual({ ended: 0, waiting: true });
    expect(await runOf(id)).toMatchObject({
      status: "RUNNING",
      done: 0,
      failed: 0,
      problem: "Robin cannot be reached; the run goes on when it can.",
    });
    expect(calls("RETRY")).toBe(0);
    simulator.faults.clear();
    await work();
    expect(await runOf(id)).toMatchObject({ status: "DONE", done: 3, problem: null });
  });

  it("ends a run that was cancelled, also while Robin is away", async () => {
    const id = await orderRun(db, simulator, { action: "RETRY", items: 3 });
    simulator.faults.set({ port: "client", route: "*", fault: { kind: "reset" } });
    await work();
    await db.queueBulkRun.update({ where: { id }, data: { status: "CANCELLING" } });
    expect(await work()).toEqual({ ended: 1, waiting: false });
    expect(await runOf(id)).toMatchObject({ status: "CANCELLED", problem: null, items: [] });
  });

  it("tries a batch that broke once more, unless it is a retry, which it gives up", async () => {
    const deletion = await orderRun(db, simulator, { action: "DELETE", items: 4 });
    fail("DELETE", { kind: "reset" }, 1);
    expect(await work()).toEqual({ ended: 0, waiting: true });
    await work();
    expect(await runOf(deletion)).toMatchObject({ status: "DONE", done: 4, failed: 0 });

    await db.queueItem.deleteMany();
    const retry = await orderRun(db, simulator, { action: "RETRY", items: 6 });
    fail("RETRY", { kind: "reset" }, 1);
    expect(await work()).toEqual({ ended: 0, waiting: true });
    await work();
    expect(await runOf(retry)).toMatchObject({ status: "DONE", done: 2, failed: 4 });
  });

  it("finds the one item that Robin cannot deal with", async () => {
    const id = await orderRun(db, simulator, { action: "BOUNCE", items: 10 });
    const bounce: typeof robin.queue.bounce = (input, options) => {
      if (input.uids.includes("uid-00002")) fail("BOUNCE", { kind: "status", status: 500 }, 1);
      return robin.queue.bounce(input, options);
    };
    const picky = { ...robin, queue: { ...robin.queue, bounce } };
    while ((await work({ robin: picky })).waiting);
    const { items, ...run } = await runOf(id);
    expect(run).toMatchObject({ status: "DONE", done: 9, failed: 1 });
    expect(items).toMatchObject([{ uid: "uid-00002", status: "FAILED", reason: "Robin answered with status 500." }]);
  });

  it("fails as a whole when Robin does not take our orders", async () => {
    const id = await orderRun(db, simulator, { action: "DELETE", items: 10 });
    fail("DELETE", { kind: "status", status: 401 });
    expect(await work()).toEqual({ ended: 1, waiting: false });
    expect(await runOf(id)).toMatchObject({
      status: "FAILED",
      done: 0,
      problem: "Robin refuses it with status 401.",
      items: [],
    });
    expect(calls("DELETE")).toBe(1);
  });

  it("keeps no more names than it can show", async () => {
    const id = await orderRun(db, simulator, { action: "DELETE", items: 1100 });
    await db.queueItem.deleteMany();
    await work({ batchSize: 100 });
    const { items, ...run } = await runOf(id);
    expect(run).toMatchObject({ status: "DONE", done: 0, missing: 1100 });
    expect(items).toHaveLength(1000);
    expect(calls("DELETE")).toBe(0);
  });
});

async function died(call: Promise<unknown>): Promise<never> {
  await call;
  throw new Error("died");
}

describe.each(["redis", "postgresql"] as const)("with jobs in %s", (kind) => {
  it("a run whose worker is killed is brought to its end by another, and no item is retried twice", async () => {
    const server = await createTestServer(kind);
    const { databaseUrl, redisUrl, prefix } = server;
    await migrate(databaseUrl);
    const db = createDb(databaseUrl, { maxConnections: 3 });
    const simulator = await createRobinSimulator({ items: 0 });
    const id = await orderRun(db, simulator, { action: "RETRY", items: 60 });
    const route = path("RETRY");
    simulator.faults.set({ port: "client", route, fault: { kind: "delay", ms: 20 } });
    const takeover = { lockDuration: 1000, stalledInterval: 500 };
    const batchSize = 5;
    const urls = { clientUrl: simulator.clientUrl, serviceUrl: simulator.serviceUrl };
    const script = new URL("../../test/bulk-worker.ts", import.meta.url);
    const child = fork(script, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const asked = () => simulator.requests.filter(({ target }) => target === route).length;
    try {
      child.send({ databaseUrl, redisUrl, prefix, takeover, simulator: urls, batchSize });
      await expect.poll(asked, { timeout: 20_000, interval: 5 }).toBeGreaterThanOrEqual(3);
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      expect(await db.queueBulkRun.findUnique({ where: { id } })).toMatchObject({ status: "RUNNING" });
      simulator.faults.clear();
      const log = captureLog();
      const worker = await startWorker({
        databaseUrl,
        redisUrl,
        prefix,
        takeover,
        handlers: [withSchedule(queueBulk, { everyMs: 200, payload: { batchSize } })],
        healthPort: 0,
        robin: createRobinClient({ clientApi: { url: urls.clientUrl }, serviceApi: { url: urls.serviceUrl } }),
        logger: log.logger,
      });
      await log.waitFor(({ msg }) => msg === "bulk run has ended");
      await worker.close();
      const run = await db.queueBulkRun.findUniqueOrThrow({ where: { id } });
      expect(run).toMatchObject({ status: "DONE", missing: 0 });
      expect(run.done + run.failed).toBe(60);
      expect([0, batchSize]).toContain(run.failed);
      const counts = simulator.queue.items().map(({ retryCount }) => retryCount);
      expect(Math.max(...counts)).toBe(1);
      expect(counts.filter((count) => count === 1).length).toBeGreaterThanOrEqual(run.done);
    } finally {
      child.kill("SIGKILL");
      await db.$disconnect();
      await simulator.close();
      await server.drop();
    }
  });
});
