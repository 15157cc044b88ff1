import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { startTestGateway, type TestGateway } from "./harness.ts";
import { storeSample } from "./metrics-support.ts";

/** As the Robin UI reads them. */
const UiSystem = z.object({
  timestamp: z.iso.datetime(),
  cpu: z.object({
    usage: z.number().min(0).max(100).optional().default(0),
    cores: z.int().positive().optional(),
    loadAverage: z.array(z.number()).optional(),
  }),
  memory: z.object({
    total: z.number().positive(),
    used: z.number().nonnegative(),
    free: z.number().nonnegative(),
    usagePercent: z.number().min(0).max(100).optional(),
  }),
  disk: z.never().optional(),
  uptime: z.number().nonnegative(),
});
const count = z.int().nonnegative();
const UiQueue = z.object({
  timestamp: z.iso.datetime(),
  queueSize: count,
  processing: count,
  failed: count,
  completed: count,
  retrying: count.optional(),
  throughput: z.number().optional(),
});

const reading = {
  uptimeSeconds: 353_225,
  queueSize: 7,
  processing: 1,
  failed: 2,
  connections: 6,
  receivedTotal: 4000,
  sentTotal: 1520,
  cpuPercent: 12.504,
  cores: 4,
  loadAverage: 0.42,
  memoryUsedBytes: 442_499_072,
  memoryMaxBytes: 1_073_741_824,
};

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await startTestGateway({ robin: { breaker: { failureThreshold: 1_000_000 } } });
  ({ token } = await gateway.signIn("ROLE_READONLY"));
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await gateway.db.metricSample.deleteMany();
});
afterEach(() => {
  gateway.simulator.faults.clear();
});

const get = (path: string) => gateway.request(path, { token });
const ago = (seconds: number) => new Date(gateway.clock.now().getTime() - seconds * 1000);
async function asked(during: () => Promise<unknown>): Promise<string[]> {
  const before = gateway.simulator.requests.length;
  await during();
  return gateway.simulator.requests.slice(before).map(({ target }) => target);
}

describe.each(["/api/v1/metrics/system", "/metrics/system"])("GET %s", (path) => {
  it("200 with the newest sample, without a disk, and without asking Robin", async () => {
    await storeSample(gateway.db, ago(75), { reading: { ...reading, cores: 64 } });
    await storeSample(gateway.db, ago(60), { reading });
    const targets = await asked(async () => {
      const answer = await get(path);
      expect(answer.body).toEqual({
        timestamp: ago(60).toISOString(),
        cpu: { usage: 12.5, cores: 4, loadAverage: [0.42] },
        memory: { total: 1_073_741_824, used: 442_499_072, free: 631_242_752, usagePercent: 41.21 },
        uptime: 353_225_000,
      });
      expect(UiSystem.safeParse(answer.body).success).toBe(true);
    });
    expect(targets).toEqual([]);
  });

  it("200 from Robin itself when the newest sample is old, or of a clock that has been put back", async () => {
    await storeSample(gateway.db, ago(91), { reading });
    await storeSample(gateway.db, ago(-60), { reading });
    const targets = await asked(async () => {
      const body = UiSystem.parse((await get(path)).body);
      expect(body.timestamp).toBe(gateway.clock.now().toISOString());
      expect(body.cpu.cores).toBe(2);
      expect(body.memory.total).toBe(512 * 1024 ** 2);
      expect(body.memory.used + body.memory.free).toBe(body.memory.total);
    });
    expect(targets).toEqual(["/health", "/metrics/prometheus"]);
  });

  it("200 from Robin itself when the newest sample lacks the memory", async () => {
    await storeSample(gateway.db, ago(10), { reading: { uptimeSeconds: 3, queueSize: 4 } });
    expect(UiSystem.safeParse((await get(path)).body).success).toBe(true);
  });

  it("200 from Robin itself when the sample was written by another version", async () => {
    await storeSample(gateway.db, ago(10), { reading: { ...reading, uptimeSeconds: "4 days" } });
    expect(UiSystem.safeParse((await get(path)).body).success).toBe(true);
  });

  it("200 without what Robin does not know, instead of zeros", async () => {
    const { uptimeSeconds, memoryUsedBytes, memoryMaxBytes } = reading;
    await storeSample(gateway.db, ago(10), { reading: { uptimeSeconds, memoryUsedBytes, memoryMaxBytes } });
    expect((await get(path)).body).toMatchObject({ cpu: {} });
    expect(((await get(path)).body as { cpu: object }).cpu).toEqual({});
  });

  it.each([
    [
      "502 when Robin's metrics are no metrics",
      { route: "/metrics/prometheus", kind: "html" },
      502,
      "upstream_invalid",
    ],
    ["502 when Robin's metrics are broken", { route: "/metrics/prometheus", kind: "garbage" }, 502, "upstream_invalid"],
    ["503 when Robin is away", { route: "*", kind: "reset" }, 503, "upstream_unavailable"],
  ] as const)("%s and there is no sample", async (_name, { route, kind }, status, code) => {
    gateway.simulator.faults.set({ port: "service", route, fault: { kind } });
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code });
  });

  it("401 without a sign-in", async () => {
    expect((await gateway.request(path)).status).toBe(401);
  });
});

describe.each(["/api/v1/metrics/queue", "/metrics/queue"])("GET %s", (path) => {
  it("200 with the newest sample, and of Robin only how many were tried before", async () => {
    await storeSample(gateway.db, ago(60), { reading });
    const targets = await asked(async () => {
      const answer = await get(path);
      expect(answer.body).toEqual({
        timestamp: ago(60).toISOString(),
        queueSize: 7,
        processing: 1,
        failed: 2,
        completed: 1520,
        retrying: expect.any(Number) as number,
      });
      expect(UiQueue.safeParse(answer.body).success).toBe(true);
    });
    expect(targets).toEqual(["/client/queue/list?limit=1&retryMin=1"]);
  });

  it("200 with none tried before of an empty queue, without asking", async () => {
    await storeSample(gateway.db, ago(60), { reading: { ...reading, queueSize: 0 } });
    const targets = await asked(async () => {
      expect((await get(path)).body).toMatchObject({ queueSize: 0, retrying: 0 });
    });
    expect(targets).toEqual([]);
  });

  it("200 without that number when Robin's list cannot be read", async () => {
    await storeSample(gateway.db, ago(60), { reading });
    gateway.simulator.faults.set({ port: "client", route: "*", fault: { kind: "html" } });
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(answer.body).not.toHaveProperty("retrying");
  });

  it("200 with what was delivered per minute of the last five", async () => {
    await storeSample(gateway.db, ago(301), { sent: 999 });
    await storeSample(gateway.db, ago(240), { sent: 500 });
    await storeSample(gateway.db, ago(120), { sent: 10, received: 9 });
    await storeSample(gateway.db, ago(60), { sent: 5, reading });
    expect((await get(path)).body).toMatchObject({ throughput: 5 });
  });

  it("200 from Robin itself when there is no sample", async () => {
    const body = UiQueue.parse((await get(path)).body);
    const { claimed, dead } = gateway.simulator.queue.counts();
    expect(body).toMatchObject({
      timestamp: gateway.clock.now().toISOString(),
      queueSize: gateway.simulator.queue.size,
      processing: claimed,
      failed: dead,
      completed: 0,
    });
    expect(body).not.toHaveProperty("throughput");
  });

  it("503 when Robin is away and there is no sample; 401 without a sign-in", async () => {
    gateway.simulator.faults.set({ port: "service", route: "*", fault: { kind: "reset" } });
    expect((await get(path)).status).toBe(503);
    expect((await gateway.request(path)).status).toBe(401);
  });
});

it("502 with a sentence when Robin does not accept the gateway's credentials, and no zeros", async () => {
  const strange = await startTestGateway({ simulator: { serviceAuth: { type: "bearer", value: "the right token" } } });
  const { token: other } = await strange.signIn();
  const answer = await strange.request("/metrics/queue", { token: other });
  expect(answer.status).toBe(502);
  expect(answer.body).toMatchObject({
    code: "upstream_rejected",
    message: expect.stringContaining("credentials") as string,
  });
  expect((await strange.request("/metrics/system", { token: other })).status).toBe(502);
  await strange.close();
});
