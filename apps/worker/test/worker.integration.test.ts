import { freePort } from "@robin/db/embedded";
import { connectJobs, openQueues } from "@robin/jobs";
import { fork } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startPortProxy } from "../../../packages/jobs/test/port-proxy.ts";
import { behind, createTestServer, deleteKeys, type TestServer } from "../../../packages/jobs/test/servers.ts";
import { defineHandler, type JobHandler } from "../src/handler.ts";
import { type RunningWorker, startWorker } from "../src/worker.ts";
import { absentRobin } from "./absent-robin.ts";
import { captureLog, type CapturedLog } from "./captured-log.ts";
import { testJob } from "./test-job.ts";

const takeover = { lockDuration: 1000, stalledInterval: 500 };
const done = (line: { msg: string }) => line.msg === "job done";

describe.each(["redis", "postgresql"] as const)("workers with jobs in %s", (kind) => {
  let server: TestServer;
  let log: CapturedLog;
  let open: RunningWorker[];

  beforeEach(async () => {
    server = await createTestServer(kind);
    log = captureLog();
    open = [];
  });
  afterEach(async () => {
    await Promise.all(open.map((worker) => worker.close()));
    await server.drop();
  });

  async function start(handler: JobHandler, on: TestServer = server, healthPort = 0): Promise<RunningWorker> {
    const { databaseUrl, redisUrl, prefix } = on;
    const worker = await startWorker({
      databaseUrl,
      redisUrl,
      prefix,
      handlers: [handler],
      healthPort,
      robin: absentRobin(),
      logger: log.logger,
      takeover,
      scheduleCheckMs: 500,
    });
    open.push(worker);
    return worker;
  }

  /** As the gateway will add jobs: by a connection of its own. */
  async function add(contract: ReturnType<typeof testJob>, payload: { step: number }): Promise<string> {
    const connection = await connectJobs(server);
    const queues = await openQueues(connection, [contract], { onError: () => undefined });
    const id = await queues.add(contract, payload);
    await queues.close();
    await connection.close();
    return id;
  }

  it("run each tick of a schedule once, however many they are", async () => {
    const everyMs = 250;
    const handler = defineHandler(testJob({ everyMs }), () => Promise.resolve());
    await start(handler);
    await Promise.all([start(handler), start(handler)]);
    let seen = 0;
    await log.waitFor((line) => done(line) && (seen += 1) === 8);
    const slots = log.lines.filter(done).map((line) => Number(line.jobId?.split(":").at(-1)));
    const gaps = slots.slice(1).map((slot, index) => slot - (slots[index] ?? 0));
    // The first tick is due at once and only the ones after it on the schedule's own marks; a busy machine misses some.
    expect(gaps.slice(1).filter((gap) => gap <= 0 || gap % everyMs !== 0)).toEqual([]);
  });

  it("go on with a schedule, each tick once, when several start at the same moment", async () => {
    const handler = defineHandler(testJob({ everyMs: 100 }), () => Promise.resolve());
    await Promise.all([start(handler), start(handler), start(handler), start(handler)]);
    let seen = 0;
    await log.waitFor((line) => done(line) && (seen += 1) === 20);
    const ticks = log.lines.filter(done).map(({ jobId }) => jobId);
    expect(new Set(ticks).size).toBe(ticks.length);
  });

  it("do not tick again because another one starts", async () => {
    const handler = defineHandler(testJob({ everyMs: 3_600_000 }), () => Promise.resolve());
    await start(handler);
    await log.waitFor(done);
    await start(handler);
    await add(testJob({ everyMs: 3_600_000 }), { step: 9 });
    let seen = 0;
    await log.waitFor((line) => done(line) && (seen += 1) === 2);
    expect(log.lines.filter(done).filter((line) => line.jobId?.startsWith("repeat:"))).toHaveLength(1);
  });

  it("never run more of a job at once than its contract says", async () => {
    const contract = testJob({ concurrency: 1 });
    let running = 0;
    let most = 0;
    const handler = defineHandler(contract, async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    });
    await Promise.all([start(handler), start(handler)]);
    for (let step = 1; step <= 10; step += 1) await add(contract, { step });
    let seen = 0;
    await log.waitFor((line) => done(line) && (seen += 1) === 10);
    expect(most).toBe(1);
  });

  it("try a failed job again, with back-off, until its attempts are used up", async () => {
    const steps: number[] = [];
    const handler = defineHandler(testJob(), ({ step }) => {
      steps.push(step);
      return Promise.reject(new Error("Robin is away"));
    });
    await start(handler);
    const jobId = await add(testJob(), { step: 7 });
    const last = await log.waitFor((line) => line.msg === "job failed for good");
    expect(last).toMatchObject({ jobId, job: "test.run", attemptsMade: 3, err: { message: "Robin is away" } });
    expect(log.lines.filter((line) => line.msg === "job failed, will be tried again")).toHaveLength(2);
    expect(steps).toEqual([7, 7, 7]);
  });

  it("do not try a job with a bad payload again", async () => {
    let called = false;
    const handler = defineHandler(testJob(), () => {
      called = true;
      return Promise.resolve();
    });
    await start(handler);
    const lax = { ...testJob(), payload: testJob().payload.loose() } as unknown as ReturnType<typeof testJob>;
    const jobId = await add(lax, { step: 1, unknown: true } as unknown as { step: number });
    const line = await log.waitFor(({ msg }) => msg.startsWith("job failed"));
    expect(line).toMatchObject({ msg: "job failed for good", jobId, attemptsMade: 1 });
    expect(called).toBe(false);
  });

  it("take over the job of a worker that was killed", async () => {
    const child = fork(new URL("stuck-worker.ts", import.meta.url), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    try {
      const { databaseUrl, redisUrl, prefix } = server;
      child.send({ databaseUrl, redisUrl, prefix, takeover });
      await once(child, "message");
      const running = once(child, "message");
      const jobId = await add(testJob(), { step: 3 });
      await running;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      await start(defineHandler(testJob(), ({ step }) => Promise.resolve({ step })));
      expect(await log.waitFor(done)).toMatchObject({ jobId, result: { step: 3 } });
      const takenOver = await log.waitFor(({ msg }) => msg === "job of a worker that is gone was taken over");
      expect(takenOver.jobId).toBe(jobId);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("tell a running job that they stop, and wait for it", async () => {
    let ended = false;
    let started: () => void = () => undefined;
    const running = new Promise<void>((resolve) => (started = resolve));
    const handler = defineHandler(testJob(), async (_payload, { signal }) => {
      started();
      await once(signal, "abort");
      ended = true;
    });
    const worker = await start(handler);
    await add(testJob(), { step: 1 });
    await running;
    await worker.close();
    expect(ended).toBe(true);
    expect(log.lines.filter(done)).toHaveLength(1);
  });

  it("say once that the server is away, and go on when it is back", async () => {
    const proxy = await startPortProxy(server.storeUrl);
    const handler = defineHandler(testJob({ everyMs: 100 }), () => Promise.resolve());
    const port = await freePort();
    const ready = async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).status;
    await start(handler, behind(server, proxy.url), port);
    await log.waitFor(done);
    expect(await ready()).toBe(200);
    await proxy.cut();
    const service = kind === "redis" ? "redis" : "database";
    await log.waitFor((line) => line.msg.startsWith(`${service} is away`));
    expect(await ready()).toBe(503);
    await proxy.restore();
    await log.waitFor((line) => line.msg === `${service} is back`);
    expect(await ready()).toBe(200);
    const back = log.lines.length;
    await log.waitFor((line) => done(line) && log.lines.indexOf(line) >= back);
    const trouble = log.lines.filter((line) => line.level >= 50);
    expect(trouble.map(({ msg }) => msg)).toEqual([`${service} is away; jobs wait until it is back`]);
    await open.pop()?.close();
    await proxy.close();
  });

  it("close while the server is away", async () => {
    const proxy = await startPortProxy(server.storeUrl);
    const handler = defineHandler(testJob({ everyMs: 100 }), () => Promise.resolve());
    await start(handler, behind(server, proxy.url));
    await log.waitFor(done);
    await proxy.cut();
    await log.waitFor((line) => line.msg.includes("is away"));
    const begun = performance.now();
    await open.pop()?.close();
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

it("schedules again after Redis lost its memory", async () => {
  const server = await createTestServer("redis");
  const proxy = await startPortProxy(server.storeUrl);
  const log = captureLog();
  const handler = defineHandler(testJob({ everyMs: 100 }), () => Promise.resolve());
  const { databaseUrl, prefix } = server;
  const config = { databaseUrl, redisUrl: proxy.url, prefix, handlers: [handler], healthPort: 0, logger: log.logger };
  const worker = await startWorker({ ...config, robin: absentRobin() });
  await log.waitFor(done);
  await proxy.cut();
  await log.waitFor((line) => line.msg.includes("is away"));
  await deleteKeys(server.storeUrl, prefix);
  const before = log.lines.length;
  await proxy.restore();
  await log.waitFor((line) => done(line) && log.lines.indexOf(line) >= before);
  await worker.close();
  await proxy.close();
  await server.drop();
});
