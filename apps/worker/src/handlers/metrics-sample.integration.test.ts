import { createTestDatabase, type TestDatabase } from "@robin/db/testing";
import { createLocalEvents } from "@robin/events";
import { createRobinClient, type RobinClient } from "@robin/sdk";
import { createManualClock, createRobinSimulator, type Fault, type RobinSimulator } from "@robin/simulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { captureLog, type CapturedLog } from "../../test/captured-log.ts";
import { type JobContext, type JobHandler, withSchedule } from "../handler.ts";
import { startWorker } from "../worker.ts";
import { createMetricsSample, metricsSample } from "./metrics-sample.ts";

const noon = new Date("2027-03-31T12:00:00.000Z");
const payload = { sampleSeconds: 15 };

describe("metrics.sample", () => {
  let database: TestDatabase;
  let clock: ReturnType<typeof createManualClock>;
  let simulator: RobinSimulator;
  let robin: RobinClient;
  let log: CapturedLog;
  let handler: JobHandler;
  let context: JobContext;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.db.metricSample.deleteMany();
    await start();
  });
  afterEach(stop);

  /** A Robin that starts at noon, or now. */
  async function start(at = noon, robinOptions: { serviceAuth?: { type: "bearer"; value: string } } = {}) {
    clock = createManualClock(at);
    simulator = await createRobinSimulator({ clock, ...robinOptions });
    robin = createRobinClient({
      clientApi: { url: simulator.clientUrl },
      serviceApi: { url: simulator.serviceUrl },
      breaker: { failureThreshold: 1_000_000 },
    });
    log = captureLog();
    handler = createMetricsSample();
    const signal = new AbortController().signal;
    context = {
      db: database.db,
      events: createLocalEvents(log.logger),
      robin,
      logger: log.logger,
      signal,
      now: () => clock.now(),
    };
  }
  async function stop() {
    await robin.close();
    await simulator.close();
  }

  const stored = () => database.db.metricSample.findMany({ orderBy: { at: "asc" } });
  const latest = async () => (await stored()).at(-1);
  const warnings = () => log.lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);
  const fail = (route: string, fault: Fault) => {
    simulator.faults.set({ port: "service", route, fault });
  };
  async function tick(afterSeconds = 15): Promise<unknown> {
    clock.advance(afterSeconds * 1000);
    return handler.run(payload, context);
  }

  it("stores what Robin says, with two calls of its service port, one after the other", async () => {
    clock.advance(3_600_000);
    expect(await handler.run(payload, context)).toEqual({ stored: true });
    expect(simulator.requests.map(({ port, target }) => `${port} ${target}`)).toEqual([
      "service /health",
      "service /metrics/prometheus",
    ]);
    const [row] = await stored();
    expect(row).toMatchObject({
      resolution: 0,
      at: new Date("2027-03-31T13:00:00.000Z"),
      queueSize: simulator.queue.size,
      // Robin counts since an hour ago, and nobody knows how much of it was lately.
      received: null,
      sent: null,
      reading: { uptimeSeconds: 3600, sentTotal: 0, cores: 2, memoryMaxBytes: 512 * 1024 ** 2 },
    });
    expect(row?.cpuPercent).toBeGreaterThan(0);
    expect(row?.memoryPercent).toBeGreaterThan(0);
    expect(row?.connections).not.toBeNull();
  });

  it("stores how much more was received since the sample before", async () => {
    for (let minute = 0; minute < 4; minute += 0.25) await tick();
    const rows = await stored();
    expect(rows.map(({ at }) => at.getTime() - noon.getTime())).toEqual(
      rows.map((_row, index) => (index + 1) * 15_000),
    );
    const totals = rows.map(({ reading }) => (reading as { receivedTotal: number }).receivedTotal);
    expect(totals.at(-1)).toBeGreaterThan(20);
    // Robin has only just started, so that its first count is new as well.
    expect(rows.map(({ received }) => received)).toEqual(
      totals.map((total, index) => total - (totals[index - 1] ?? 0)),
    );
    expect(rows.every(({ sent }) => sent === 0)).toBe(true);
  });

  it("is never less than none nor a burst when Robin starts anew", async () => {
    await tick(3600);
    await tick();
    await stop();
    await start(new Date(clock.now().getTime() + 10_000));
    await tick(5);
    const row = await latest();
    const total = (row?.reading as { receivedTotal: number }).receivedTotal;
    expect(row?.received).toBe(total);
    expect(total).toBeLessThan(30);
  });

  it("stores one sample for each time, however often it runs", async () => {
    await tick();
    expect(await handler.run(payload, context)).toEqual({ stored: false });
    expect(await tick(10)).toEqual({ stored: false });
    expect(simulator.requests).toHaveLength(2);
    expect(await tick(4.9)).toEqual({ stored: true });
    expect((await stored()).map(({ at }) => at.toISOString())).toEqual([
      "2027-03-31T12:00:15.000Z",
      "2027-03-31T12:00:30.000Z",
    ]);
  });

  it("stores one sample when two run at the same moment", async () => {
    clock.advance(15_000);
    await Promise.all([handler.run(payload, context), createMetricsSample().run(payload, context)]);
    expect(await stored()).toHaveLength(1);
  });

  it.each<Fault>([{ kind: "reset" }, { kind: "html" }, { kind: "garbage" }])(
    "stores nothing while Robin is away ($kind), and says so once",
    async (fault) => {
      await tick(3600);
      fail("*", fault);
      for (let n = 0; n < 5; n += 1) expect(await tick()).toEqual({ stored: false });
      expect(await stored()).toHaveLength(1);
      expect(warnings()).toEqual(["Robin cannot be sampled; there are no samples until it answers"]);
      simulator.faults.clear();
      await tick();
      await tick();
      expect(log.lines.map(({ msg }) => msg)).toEqual([...warnings(), "Robin can be sampled again"]);
      const [before, first, second] = await stored();
      expect((first?.at.getTime() ?? 0) - (before?.at.getTime() ?? 0)).toBe(90_000);
      // What came in meanwhile belongs to no sample.
      expect(first?.received).toBeNull();
      expect(second?.received).not.toBeNull();
    },
  );

  it("asks no second call of a Robin that failed the first", async () => {
    fail("/health", { kind: "html" });
    await tick();
    expect(simulator.requests.map(({ target }) => target)).toEqual(["/health"]);
  });

  it("stores the queue without CPU and memory while the metrics cannot be read, and says so once", async () => {
    fail("/metrics/prometheus", { kind: "garbage" });
    await tick();
    await tick();
    const row = await latest();
    expect(row).toMatchObject({
      queueSize: simulator.queue.size,
      cpuPercent: null,
      memoryPercent: null,
      received: null,
    });
    expect(warnings()).toHaveLength(1);
  });

  it("says once that Robin does not accept the credentials, and invents no zero", async () => {
    await stop();
    await start(noon, { serviceAuth: { type: "bearer", value: "the right token" } });
    await tick();
    await tick();
    expect(await latest()).toMatchObject({ queueSize: null, connections: null, cpuPercent: null, received: null });
    expect(warnings()).toEqual([
      "Robin tells only that it is up: the credentials for its service port are not accepted",
    ]);
  });

  it("stores nothing and does not fail when the worker stops", async () => {
    const stopped = { ...context, signal: AbortSignal.abort() };
    expect(await handler.run(payload, stopped)).toEqual({ stored: false });
    expect(log.lines).toEqual([]);
  });

  it("refuses a payload that is not its contract's", async () => {
    await expect(handler.run({ sampleSeconds: 0 }, context)).rejects.toThrow("sampleSeconds");
  });
});

it("two workers sample each tick once, and ask Robin for one thing at a time", async () => {
  const database = await createTestDatabase();
  const simulator = await createRobinSimulator();
  const log = captureLog();
  const schedule = { everyMs: 1000, payload: { sampleSeconds: 1 } };
  const createWorker = () =>
    startWorker({
      databaseUrl: database.url,
      handlers: [withSchedule(metricsSample, schedule)],
      robin: createRobinClient({
        clientApi: { url: simulator.clientUrl },
        serviceApi: { url: simulator.serviceUrl },
      }),
      healthPort: 0,
      logger: log.logger,
    });
  const workers = [await createWorker(), await createWorker()];
  let seen = 0;
  await log.waitFor(({ msg }) => msg === "job done" && (seen += 1) === 4);
  await Promise.all(workers.map((worker) => worker.close()));
  const ticks = log.lines.filter(({ msg }) => msg === "job done").map(({ jobId }) => jobId);
  expect(new Set(ticks).size).toBe(ticks.length);
  const rows = await database.db.metricSample.count();
  expect(rows).toBeGreaterThan(1);
  expect(rows).toBeLessThanOrEqual(ticks.length);
  // The end of the workers may have cut another tick short.
  const asked = simulator.requests.map(({ target }) => target).slice(0, 2 * rows);
  expect(asked).toEqual(Array.from({ length: rows }, () => ["/health", "/metrics/prometheus"]).flat());
  await simulator.close();
  await database.drop();
});
