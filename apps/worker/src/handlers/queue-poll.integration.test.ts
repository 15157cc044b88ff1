import { noteQueueAction, readQueueDeltas, readQueueSnapshot } from "@robin/api";
import { createDb } from "@robin/db";
import { createTestDatabase, type TestDatabase } from "@robin/db/testing";
import { createLocalEvents } from "@robin/events";
import { createRobinClient, type RobinClient } from "@robin/sdk";
import { createManualClock, createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startPortProxy } from "../../../../packages/jobs/test/port-proxy.ts";
import { captureLog, type CapturedLog } from "../../test/captured-log.ts";
import type { JobContext, JobHandler } from "../handler.ts";
import { createQueuePoll } from "./queue-poll.ts";

const noon = new Date("2027-03-31T12:00:00.000Z");
const payload = { pollSeconds: 5, sharePercent: 100 };

describe("queue.poll", () => {
  let database: TestDatabase;
  let clock: ReturnType<typeof createManualClock>;
  let simulator: RobinSimulator;
  let robin: RobinClient;
  let log: CapturedLog;
  let handler: JobHandler;
  let context: JobContext;
  let told: number[];
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    for (const table of ["queueItem", "queueDelta", "queueSize", "queueWatch", "queueSeen", "queueOrigin"] as const) {
      await (database.db[table] as { deleteMany(): Promise<unknown> }).deleteMany();
    }
    clock = createManualClock(noon);
    simulator = await createRobinSimulator({ clock, items: 0 });
    robin = createRobinClient({
      clientApi: { url: simulator.clientUrl },
      serviceApi: { url: simulator.serviceUrl },
      breaker: { failureThreshold: 1_000_000 },
    });
    log = captureLog();
    handler = createQueuePoll();
    told = [];
    const events = createLocalEvents(log.logger);
    events.subscribe("queue.delta", ({ seq }) => told.push(seq));
    const signal = new AbortController().signal;
    context = { db: database.db, events, robin, logger: log.logger, signal, now: () => clock.now() };
  });
  afterEach(async () => {
    await robin.close();
    await simulator.close();
  });

  async function poll(afterSeconds = 5, settings: Partial<typeof payload> = {}): Promise<unknown> {
    clock.advance(afterSeconds * 1000);
    return handler.run({ ...payload, ...settings }, context);
  }
  const snapshot = (limit = 100) => readQueueSnapshot(database.db, { limit });
  const uids = async () => (await snapshot()).items.map(({ uid }) => uid).sort();
  const lastSeq = async () => (await snapshot()).seq;
  const item = (uid: string) => database.db.queueItem.findUniqueOrThrow({ where: { uid }, include: { events: true } });
  const listCalls = () => simulator.requests.filter(({ target }) => target.startsWith("/client/queue/list")).length;

  it("stores every item with its state, and tells of it once", async () => {
    simulator.queue.add({ uid: "ready" });
    simulator.queue.add({ uid: "claimed", state: "CLAIMED" });
    simulator.queue.add({ uid: "dead", state: "DEAD", retryCount: 3, protocol: "LMTP" });
    await poll();
    const { seq, items, totals, complete } = await snapshot();
    expect({ totals, complete }).toEqual({ totals: { ready: 1, claimed: 1, dead: 1 }, complete: true });
    expect(Object.fromEntries(items.map(({ uid, state }) => [uid, state]))).toEqual({
      ready: "READY",
      claimed: "CLAIMED",
      dead: "DEAD",
    });
    expect(items.every(({ firstSeenAt }) => firstSeenAt.getTime() === noon.getTime() + 5000)).toBe(true);
    const deltas = (await readQueueDeltas(database.db, 0)) ?? [];
    expect(deltas.flatMap(({ added }) => added.map(({ uid }) => uid)).sort()).toEqual(["claimed", "dead", "ready"]);
    expect(deltas.map((delta) => delta.seq)).toEqual(told);
    expect(told).toEqual(Array.from({ length: seq }, (_, index) => index + 1));
  });

  it("reads no page while the totals stand still, and one scan each minute all the same", async () => {
    simulator.queue.add({ uid: "a" });
    await poll();
    const [calls, seq] = [listCalls(), await lastSeq()];
    await poll();
    await poll();
    expect([listCalls(), await lastSeq()]).toEqual([calls, seq]);
    await poll(60);
    expect([listCalls(), await lastSeq()]).toEqual([calls + 3, seq]);
  });

  it("tells an arrival, a retry with its next attempt, a death, and a departure by the first look after it", async () => {
    simulator.queue.add({ uid: "a" });
    await poll();
    let seq = await lastSeq();
    simulator.queue.fail("a", { permanent: false });
    simulator.queue.add({
      uid: "b",
      envelopes: [{ mail: "x@y", rcpts: ["p@One.example", "q@two.example"], file: "/q/f" }],
    });
    await poll();
    const retriedAt = new Date(noon.getTime() + 5000);
    const [first] = (await readQueueDeltas(database.db, seq))?.filter(({ changed }) => changed.length > 0) ?? [];
    expect(first?.changed).toMatchObject([
      { uid: "a", retryCount: 1, lastRetryAt: retriedAt, nextAttemptAt: new Date(retriedAt.getTime() + 60_000) },
    ]);
    expect(first?.added).toMatchObject([{ uid: "b", firstSeenAt: new Date(noon.getTime() + 10_000) }]);
    expect(await item("b")).toMatchObject({ domains: ["one.example", "two.example"] });

    simulator.queue.fail("a", { permanent: true });
    simulator.queue.deliver("b");
    seq = await lastSeq();
    await poll();
    const deltas = (await readQueueDeltas(database.db, seq)) ?? [];
    expect(deltas.flatMap(({ changed }) => changed)).toMatchObject([{ uid: "a", state: "DEAD" }]);
    expect(deltas.flatMap(({ removed }) => removed)).toEqual([{ uid: "b", how: "UNKNOWN" }]);
    expect(await item("a")).toMatchObject({
      retriesSeen: 1,
      nextAttemptAt: null,
      events: [
        { kind: "RETRY", retryCount: 1 },
        { kind: "STATE", state: "DEAD" },
      ],
    });
    expect(await item("b")).toMatchObject({
      leftAt: new Date(noon.getTime() + 15_000),
      lastSeenAt: new Date(noon.getTime() + 10_000),
    });
    expect(await uids()).toEqual(["a"]);
  });

  it("needs two scans to believe a departure while the queue moves", async () => {
    for (const uid of ["a", "b", "c"]) simulator.queue.add({ uid });
    await poll();
    simulator.queue.remove("b");
    let pages = 0;
    const moving = { ...robin.queue };
    moving.list = async (query, options) => {
      const page = await robin.queue.list(query, options);
      pages += 1;
      // Each page is out of date when it is there.
      simulator.queue.add({ uid: `new-${pages}` });
      return page;
    };
    context = { ...context, robin: { ...robin, queue: moving } };
    await poll();
    expect(await item("b")).toMatchObject({ leftAt: expect.any(Date) as Date });
    expect(pages).toBe(6);
    expect((await uids()).slice(0, 2)).toEqual(["a", "c"]);
  });

  it("never takes an item for gone that was only between two states or pages", async () => {
    for (const uid of ["a", "b", "c"]) simulator.queue.add({ uid });
    await poll();
    // Claimed while READY is read, ready again while CLAIMED is read: no page shows it in this scan.
    let hides = true;
    const moving = { ...robin.queue };
    moving.list = async (query, options) => {
      const isReady = query?.states?.[0] === "READY";
      if (hides && isReady) simulator.queue.claim(1);
      if (hides && query?.states?.[0] === "CLAIMED") {
        simulator.queue.fail("a", { permanent: false });
        hides = false;
      }
      return robin.queue.list(query, options);
    };
    context = { ...context, robin: { ...robin, queue: moving } };
    simulator.queue.add({ uid: "d" });
    await poll();
    expect(await database.db.queueItem.count({ where: { leftAt: { not: null } } })).toBe(0);
    expect(await uids()).toEqual(["a", "b", "c", "d"]);
  });

  it("tells by whom an item was deleted, given up or tried again through the gateway", async () => {
    for (const uid of ["a", "b", "c", "d"]) simulator.queue.add({ uid, retryCount: 2 });
    await poll();
    const note = { by: "admin@robin.local", at: clock.now(), isComplete: true };
    simulator.queue.remove("a");
    simulator.queue.markDead("b", "Bounced by admin endpoint");
    simulator.queue.retryNow("c");
    const seq = await lastSeq();
    await noteQueueAction(database.db, { ...note, action: "delete", uids: ["a"] });
    await noteQueueAction(database.db, { ...note, action: "bounce", uids: ["b"] });
    await noteQueueAction(database.db, { ...note, action: "retry", uids: ["c"] });
    expect(await readQueueDeltas(database.db, seq)).toMatchObject([
      { removed: [{ uid: "a", how: "DELETED", by: "admin@robin.local" }], totals: { ready: 3, dead: 0 } },
      { changed: [{ uid: "b", state: "DEAD", lastError: "Bounced by admin endpoint" }], totals: { ready: 2, dead: 1 } },
      { changed: [{ uid: "c", retryCount: 3, nextAttemptAt: clock.now() }], totals: { ready: 2, dead: 1 } },
    ]);
    const known = await lastSeq();
    await poll();
    expect(await readQueueDeltas(database.db, known)).toEqual([]);
    // It was tried at once, and failed: from then on the schedule holds.
    simulator.queue.fail("c", { permanent: false });
    const failedAt = clock.now().getTime();
    await poll();
    expect(await item("c")).toMatchObject({ retryCount: 4, nextAttemptAt: new Date(failedAt + 120_000) });
    // Robin found only one of the two, and does not say which.
    simulator.queue.remove("d");
    await noteQueueAction(database.db, { ...note, action: "delete", uids: ["d", "x"], isComplete: false });
    simulator.queue.deliver("c");
    await poll();
    expect(await item("d")).toMatchObject({ leftHow: "DELETED", leftBy: "admin@robin.local" });
    expect(await item("c")).toMatchObject({
      leftHow: "RETRIED",
      leftBy: "admin@robin.local",
      events: [
        { kind: "REQUEST", action: "retry", actor: "admin@robin.local" },
        { kind: "RETRY", retryCount: 4 },
      ],
    });
  });

  it("goes on with a long queue over many polls, each within its share, and any worker can", async () => {
    simulator.faults.set({ port: "client", route: "/client/queue/list", fault: { kind: "delay", ms: 30 } });
    for (let index = 0; index < 1300; index += 1) simulator.queue.add({ uid: `uid-${index}` });
    let polls = 0;
    do {
      handler = createQueuePoll();
      // 50 ms of Robin's time.
      await poll(5, { sharePercent: 1 });
      polls += 1;
    } while (!(await snapshot(2000)).complete && polls < 20);
    expect(polls).toBeGreaterThan(2);
    expect((await snapshot(2000)).items).toHaveLength(1300);
    expect(await database.db.queueSeen.count()).toBe(0);
  });

  it("says once that Robin is away, keeps what it knows, and goes on when Robin is back", async () => {
    simulator.queue.add({ uid: "a" });
    await poll();
    const seq = await lastSeq();
    for (const port of ["client", "service"] as const)
      simulator.faults.set({ port, route: "*", fault: { kind: "reset" } });
    for (let tick = 0; tick < 3; tick += 1) await poll(1200);
    expect(await uids()).toEqual(["a"]);
    expect(log.lines.filter(({ level }) => level >= 40)).toHaveLength(1);
    simulator.faults.clear();
    simulator.queue.add({ uid: "b" });
    await poll();
    expect(await uids()).toEqual(["a", "b"]);
    expect(log.lines.at(-1)).toMatchObject({ msg: "Robin's queue can be read again" });
    expect(await readQueueDeltas(database.db, seq)).toBeDefined();
  });

  it("has not failed while the database is away, and goes on when it is back", async () => {
    simulator.queue.add({ uid: "a" });
    const proxy = await startPortProxy(database.url);
    const db = createDb(proxy.url, { maxConnections: 2 });
    const cutting = { ...robin.queue };
    cutting.list = async (...args) => {
      const page = await robin.queue.list(...args);
      await proxy.cut();
      return page;
    };
    clock.advance(5000);
    expect(await handler.run(payload, { ...context, db, robin: { ...robin, queue: cutting } })).toEqual({
      stored: false,
    });
    expect(await handler.run(payload, { ...context, db })).toEqual({ stored: false });
    await proxy.restore();
    clock.advance(5000);
    await handler.run(payload, { ...context, db });
    expect(await uids()).toEqual(["a"]);
    await db.$disconnect();
    await proxy.close();
  });

  it("keeps an item that Robin cannot read from spoiling the rest, and takes nothing on its page for gone", async () => {
    for (const uid of ["a", "b"]) simulator.queue.add({ uid });
    await poll();
    simulator.queue.add({ uid: "bad", listError: "Failed to serialize queue payload" });
    simulator.queue.add({ uid: "dead", state: "DEAD" });
    await poll();
    await poll();
    expect(await uids()).toEqual(["a", "b", "dead"]);
  });

  it("keeps the times of an item in order when the clock is put back", async () => {
    simulator.queue.add({ uid: "a" });
    await poll();
    simulator.queue.fail("a", { permanent: false });
    await poll(-7200);
    simulator.queue.remove("a");
    await poll();
    const { firstSeenAt, lastSeenAt, leftAt, events } = await item("a");
    const times = [firstSeenAt, lastSeenAt, ...events.map(({ at }) => at), leftAt].map((at) => at?.getTime() ?? 0);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.every((time) => time > 0)).toBe(true);
  });

  it("two at once store nothing twice", async () => {
    for (const uid of ["a", "b", "c"]) simulator.queue.add({ uid });
    clock.advance(5000);
    await Promise.all([handler.run(payload, context), createQueuePoll().run(payload, context)]);
    await poll();
    const deltas = (await readQueueDeltas(database.db, 0)) ?? [];
    expect(deltas.flatMap(({ added }) => added.map(({ uid }) => uid)).sort()).toEqual(["a", "b", "c"]);
    expect(deltas.flatMap(({ removed }) => removed)).toEqual([]);
    expect(new Set(told).size).toBe(told.length);
  });

  describe("a worker that dies in the middle", () => {
    /** The same context, whose step with this number is the last: what it had the others do stays done. */
    function dyingAt(step: number): { context: JobContext; steps: () => number } {
      let steps = 0;
      const dies = <Result>(run: () => Promise<Result>): Promise<Result> => {
        steps += 1;
        return steps > step ? Promise.reject(new Error("killed")) : run();
      };
      const { db, events } = context;
      const dyingDb = new Proxy(db, {
        get: (target, name) =>
          name === "$transaction"
            ? (...args: Parameters<typeof db.$transaction>) => dies(() => target.$transaction(...args))
            : (Reflect.get(target, name) as unknown),
      });
      const dying = {
        ...context,
        db: dyingDb,
        robin: {
          ...robin,
          queue: {
            ...robin.queue,
            list: (...args: Parameters<typeof robin.queue.list>) => dies(() => robin.queue.list(...args)),
          },
        },
        events: {
          ...events,
          publish: (...args: Parameters<typeof events.publish>) => dies(() => events.publish(...args)),
        },
      };
      return { context: dying, steps: () => steps };
    }

    it("leaves a record that the next one goes on with, wherever it was", async () => {
      let wasWhole = false;
      for (let step = 1; !wasWhole; step += 1) {
        expect(step).toBeLessThan(40);
        for (const { uid } of [...simulator.queue.items()]) simulator.queue.remove(uid);
        for (const uid of ["stays", "goes", "dies"]) simulator.queue.add({ uid: `${uid}-${step}` });
        await poll(60);
        const before = await lastSeq();
        const known = new Map((await snapshot()).items.map((one) => [one.uid, one.state]));
        simulator.queue.remove(`goes-${step}`);
        simulator.queue.fail(`dies-${step}`, { permanent: true });
        simulator.queue.add({ uid: `comes-${step}` });
        clock.advance(5000);
        const { context: dying, steps } = dyingAt(step);
        await handler.run(payload, dying).catch((error: unknown) => {
          expect(error).toMatchObject({ message: "killed" });
        });
        wasWhole = steps() <= step;
        await poll();
        const { seq, items } = await snapshot();
        expect(items.map(({ uid, state }) => [uid, state]).sort()).toEqual([
          [`comes-${step}`, "READY"],
          [`dies-${step}`, "DEAD"],
          [`stays-${step}`, "READY"],
        ]);
        // Whoever had the state before and every delta since has the same.
        const deltas = (await readQueueDeltas(database.db, before)) ?? [];
        expect(deltas.map((delta) => delta.seq)).toEqual(
          Array.from({ length: seq - before }, (_, index) => before + index + 1),
        );
        for (const { added, changed, removed } of deltas) {
          for (const one of added) expect(known.has(one.uid)).toBe(false);
          for (const one of [...added, ...changed]) known.set(one.uid, one.state);
          for (const one of removed) expect(known.delete(one.uid)).toBe(true);
        }
        expect([...known].sort()).toEqual(items.map(({ uid, state }) => [uid, state]).sort());
      }
    });
  });
});
