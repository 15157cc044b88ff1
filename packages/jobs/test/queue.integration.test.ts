import { Redis } from "ioredis";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  connectJobs,
  defineJob,
  type JobContract,
  type JobsConnection,
  JobsUnavailableError,
  openQueues,
} from "../src/index.ts";
import { startPortProxy } from "./port-proxy.ts";
import { behind, createTestServer, type TestServer } from "./servers.ts";

const greet = defineJob({
  name: "test.greet",
  payload: z.strictObject({ userId: z.int() }),
  concurrency: 2,
  attempts: 1,
  backoff: { type: "fixed", delayMs: 1 },
  keep: { completed: 10, failed: 10 },
});
const hour = 3_600_000;
const scheduled: JobContract = { ...greet, schedule: { everyMs: hour, payload: { userId: 1 } } };
const onError = () => undefined;

/** Ids of the schedules that the server has stored. */
async function storedSchedules(server: TestServer): Promise<string[]> {
  if (server.kind === "redis") {
    const redis = new Redis(server.storeUrl);
    const ids = await redis.zrange(`${server.prefix}:test.greet:repeat`, "0", "-1");
    redis.disconnect();
    return ids;
  }
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ id: string }>("SELECT scheduler_id AS id FROM bullmq.scheduler");
  await client.end();
  return rows.map(({ id }) => id);
}

/** Takes away the jobs that wait and leaves the schedule, as a worker does that has another idea of the next tick. */
async function loseTicks(server: TestServer, name: string): Promise<void> {
  if (server.kind === "redis") {
    const redis = new Redis(server.storeUrl);
    await redis.del(["wait", "delayed", "prioritized"].map((state) => `${server.prefix}:${name}:${state}`));
    redis.disconnect();
    return;
  }
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  await client.query("DELETE FROM bullmq.job WHERE queue = $1", [name]);
  await client.end();
}

describe.each(["redis", "postgresql"] as const)("queues in %s", (kind) => {
  let server: TestServer;
  let connection: JobsConnection;
  beforeAll(async () => {
    server = await createTestServer(kind);
    connection = await connectJobs(server);
  });
  afterAll(async () => {
    await connection.close();
    await server.drop();
  });

  it("stores a job and gives its id", async () => {
    const queues = await openQueues(connection, [greet], { onError });
    expect(connection.kind).toBe(kind);
    const first = await queues.add(greet, { userId: 1 });
    const second = await queues.add(greet, { userId: 1 });
    expect(first).not.toBe(second);
    await queues.close();
  });

  it("opens more queues than Node takes for a leak, without a warning", async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on("warning", listen);
    const many = Array.from({ length: 15 }, (_none, n) => ({ ...greet, name: `test.greet${n}` }));
    const queues = await openQueues(connection, many, { onError });
    // Warnings come with the next tick.
    await new Promise(setImmediate);
    process.off("warning", listen);
    await queues.close();
    expect(warnings).toEqual([]);
  });

  it("tells what waits, when the next tick is, and what failed", async () => {
    const looked: JobContract = { ...scheduled, name: "test.looked" };
    const queues = await openQueues(connection, [looked], { onError });
    await queues.schedule();
    const worker = connection.createWorker(looked.name, () => Promise.reject(new Error("went wrong")), {});
    await new Promise<void>((resolve) => {
      worker.on("failed", () => {
        resolve();
      });
    });
    await worker.close();
    const { counts, nextAt, everyMs, failures } = await queues.inspect(looked);
    expect({ counts, everyMs }).toEqual({
      counts: { waiting: 0, delayed: 1, active: 0, completed: 0, failed: 1 },
      everyMs: hour,
    });
    expect(nextAt?.getTime()).toBeGreaterThan(Date.now());
    expect(failures).toMatchObject([{ reason: "went wrong", attempts: 1, failedAt: expect.any(Date) as Date }]);
    expect(await queues.counts()).toEqual(new Map([[looked.name, counts]]));
    await connection.createQueue(looked.name).removeJobScheduler(looked.name);
    await queues.close();
  });

  it("refuses a payload that is not the contract's, and a contract it was not opened for", async () => {
    const queues = await openQueues(connection, [greet], { onError });
    await expect(queues.add(greet, { userId: 1.5 })).rejects.toThrow(z.ZodError);
    await expect(queues.add({ ...greet, name: "test.other" }, { userId: 1 })).rejects.toThrow("test.other");
    await queues.close();
  });

  it("stores a schedule once, however often it is asked to, and forgets one that the contract lost", async () => {
    const queues = await openQueues(connection, [scheduled], { onError });
    await Promise.all([queues.schedule(), queues.schedule()]);
    await queues.schedule();
    expect(await storedSchedules(server)).toEqual(["test.greet"]);
    await queues.close();

    const later = await openQueues(connection, [greet], { onError });
    await later.schedule();
    expect(await storedSchedules(server)).toEqual([]);
    await later.close();
  });

  it("leaves the tick that waits alone when the schedule is as it should be, and replaces it when it is not", async () => {
    const kept: JobContract = { ...scheduled, name: "test.kept" };
    const queues = await openQueues(connection, [kept], { onError });
    const raw = connection.createQueue(kept.name);
    const waiting = async () => (await raw.getJobs(["waiting", "delayed"])).map(({ id, timestamp }) => [id, timestamp]);
    await queues.schedule();
    const before = await waiting();
    expect(before).toHaveLength(1);
    await queues.schedule();
    expect(await waiting()).toEqual(before);

    const twice: JobContract = { ...kept, schedule: { everyMs: hour / 2, payload: { userId: 1 } } };
    const later = await openQueues(connection, [twice], { onError });
    await later.schedule();
    expect(await raw.getJobScheduler(kept.name)).toMatchObject({ every: hour / 2 });
    expect(await waiting()).toHaveLength(1);
    await Promise.all([queues.close(), later.close(), raw.close()]);
  });

  it("begins a schedule anew that waits for nothing, on the second call that finds it so", async () => {
    const stuck: JobContract = { ...scheduled, name: "test.stuck" };
    const queues = await openQueues(connection, [stuck], { onError });
    const raw = connection.createQueue(stuck.name);
    const waiting = () => raw.getJobs(["waiting", "delayed"]);
    await queues.schedule();
    await loseTicks(server, stuck.name);
    await queues.schedule();
    expect(await waiting()).toHaveLength(0);
    await queues.schedule();
    expect(await waiting()).toHaveLength(1);
    await Promise.all([queues.close(), raw.close()]);
  });

  it("may be opened by many processes at once on a server that has no tables yet", async () => {
    const empty = await createTestServer(kind);
    const connections = await Promise.all([connectJobs(empty), connectJobs(empty), connectJobs(empty)]);
    await Promise.all(connections.map((each) => each.ping()));
    await Promise.all(connections.map((each) => each.close()));
    await empty.drop();
  });

  it("fails within seconds while the server is away, and works again when it is back", async () => {
    const proxy = await startPortProxy(server.storeUrl);
    const weak = await connectJobs(behind(server, proxy.url));
    const queues = await openQueues(weak, [greet], { onError });
    await proxy.cut();
    const started = performance.now();
    await expect(queues.add(greet, { userId: 2 })).rejects.toThrow();
    await expect(weak.ping()).rejects.toThrow();
    expect(performance.now() - started).toBeLessThan(6000);
    await proxy.restore();
    await expect
      .poll(() => queues.add(greet, { userId: 2 }).catch(() => undefined), { timeout: 10_000 })
      .toBeTypeOf("string");
    await queues.close();
    await weak.close();
    await proxy.close();
  });

  it("says in one sentence that nothing listens", async () => {
    const proxy = await startPortProxy(server.storeUrl);
    await proxy.close();
    const failed: unknown = await connectJobs({ ...behind(server, proxy.url), waitMs: 300 }).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(JobsUnavailableError);
    expect((failed as Error).message).toMatch(
      /^(Redis|The database) at 127\.0\.0\.1:\d+\S* cannot be reached: nothing listens there\.$/,
    );
  });
});

it("says that a password is wrong without waiting", async () => {
  const server = await createTestServer("postgresql");
  const url = new URL(server.databaseUrl);
  url.password = "not-the-password";
  const failed: unknown = await connectJobs({ databaseUrl: url.href }).catch((error: unknown) => error);
  expect((failed as Error).message).toContain("user or password is wrong");
  expect((failed as Error).message).not.toContain("not-the-password");
  await server.drop();
});
