import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { storeSample, storeYear } from "./metrics-support.ts";

/** As the Robin UI reads it. */
const instant = z.iso.datetime();
const UiSeries = z.object({
  series: z.array(
    z.object({
      metric: z.enum([
        "QUEUE_SIZE",
        "MESSAGES_SENT",
        "MESSAGES_RECEIVED",
        "CONNECTIONS",
        "CPU_USAGE",
        "MEMORY_USAGE",
        "DISK_USAGE",
      ]),
      unit: z.string(),
      dataPoints: z.array(z.object({ timestamp: instant, value: z.number() })),
    }),
  ),
  startTime: instant,
  endTime: instant,
  interval: z.number().optional(),
});
type UiSeries = z.infer<typeof UiSeries>;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const now = new Date("2027-03-31T12:00:00.000Z");

let gateway: TestGateway;
let caller: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway();
  gateway.clock.advance(now.getTime() - gateway.clock.now().getTime());
  caller = await gateway.signIn("ROLE_USER");
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await gateway.db.metricSample.deleteMany();
});

const get = (path: string) => gateway.request(path, { token: caller.token });

async function series(start: Date | string, end: Date | string, more = ""): Promise<UiSeries> {
  const query = new URLSearchParams({ start: new Date(start).toISOString(), end: new Date(end).toISOString() });
  const answer = await get(`/metrics?${query.toString()}${more}`);
  expect(answer.status, answer.text).toBe(200);
  return UiSeries.parse(answer.body);
}
const ago = (ms: number) => new Date(now.getTime() - ms);
const pointsOf = ({ series: all }: UiSeries, name: string) => all.find(({ metric }) => metric === name)?.dataPoints;

describe.each(["/api/v1/metrics", "/metrics"])("GET %s", (path) => {
  it("200 with the shape of the UI, and the points of the period alone", async () => {
    const values = { queueSize: 7, connections: 6, cpuPercent: 12.503, memoryPercent: 41.2, received: 3, sent: 0 };
    await storeSample(gateway.db, ago(hourMs + 15_000), values);
    await storeSample(gateway.db, ago(hourMs), values);
    await storeSample(gateway.db, ago(15_000), { ...values, queueSize: 0 });
    await storeSample(gateway.db, now, values);
    const answer = await get(`${path}?start=${ago(hourMs).toISOString()}&end=${now.toISOString()}`);
    const timestamp = "2027-03-31T11:00:00.000Z";
    const both = (value: number) => [
      { timestamp, value },
      { timestamp: "2027-03-31T11:59:45.000Z", value },
    ];
    expect(answer.body).toEqual({
      startTime: "2027-03-31T11:00:00.000Z",
      endTime: "2027-03-31T12:00:00.000Z",
      interval: 15,
      series: [
        {
          metric: "QUEUE_SIZE",
          unit: "items",
          dataPoints: [
            { timestamp, value: 7 },
            { timestamp: "2027-03-31T11:59:45.000Z", value: 0 },
          ],
        },
        { metric: "MESSAGES_SENT", unit: "messages (LMTP)", dataPoints: both(0) },
        { metric: "MESSAGES_RECEIVED", unit: "messages", dataPoints: both(3) },
        { metric: "CONNECTIONS", unit: "connections", dataPoints: both(6) },
        { metric: "CPU_USAGE", unit: "%", dataPoints: both(12.5) },
        { metric: "MEMORY_USAGE", unit: "%", dataPoints: both(41.2) },
      ],
    });
    expect(UiSeries.safeParse(answer.body).success).toBe(true);
  });

  it("401 without a sign-in, 403 without VIEW_METRICS", async () => {
    const query = `${path}?start=${ago(hourMs).toISOString()}`;
    expect((await gateway.request(query)).status).toBe(401);
    const nobody = await gateway.signIn("ROLE_USER");
    await gateway.db.userRole.deleteMany({ where: { userId: nobody.userId } });
    gateway.clock.advance(1000);
    expect((await gateway.request(query, { token: nobody.token })).status).toBe(403);
  });

  it.each([
    ["a start after the end", `start=${now.toISOString()}&end=${ago(1).toISOString()}`, "start"],
    ["a start that is the end", `start=${now.toISOString()}&end=${now.toISOString()}`, "start"],
    ["a start in the future without an end", "start=2099-01-01T00:00:00Z", "start"],
    ["a start that is no instant", "start=yesterday", "start"],
    ["an end after the year 9999", `start=${now.toISOString()}&end=%2B010000-01-01T00:00:00Z`, "end"],
    ["a metric that there is not", `start=${now.toISOString()}&metric=DISK_USAGE`, "metric.0"],
    ["a field that it does not know", `start=${now.toISOString()}&points=9`, ""],
  ])("400 for %s", async (_name, query, field) => {
    const answer = await get(`${path}?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: "invalid_input", issues: [{ path: field }] });
  });
});

describe("series", () => {
  it("200 with the last hour when no period is given", async () => {
    await storeSample(gateway.db, ago(60_000), { queueSize: 1 });
    const body = UiSeries.parse((await get("/api/v1/metrics")).body);
    const end = gateway.clock.now();
    expect(body).toMatchObject({
      startTime: new Date(end.getTime() - hourMs).toISOString(),
      endTime: end.toISOString(),
    });
    expect(pointsOf(body, "QUEUE_SIZE")).toHaveLength(1);
  });

  it("200 without points where nothing was sampled: gaps stay gaps, and unknown is not zero", async () => {
    await storeSample(gateway.db, ago(45 * 60_000), { queueSize: 5 });
    await storeSample(gateway.db, ago(15 * 60_000), { cpuPercent: 50 });
    const body = await series(ago(hourMs), now);
    expect(body.series.map(({ metric, dataPoints }) => [metric, dataPoints.length])).toEqual([
      ["QUEUE_SIZE", 1],
      ["MESSAGES_SENT", 0],
      ["MESSAGES_RECEIVED", 0],
      ["CONNECTIONS", 0],
      ["CPU_USAGE", 1],
      ["MEMORY_USAGE", 0],
    ]);
  });

  it("200 with sent and received at the same times, since the UI draws one under the times of the other", async () => {
    await storeSample(gateway.db, ago(60_000), { sent: 1, received: 2 });
    await storeSample(gateway.db, ago(45_000), { sent: 1 });
    await storeSample(gateway.db, ago(30_000), { sent: 1, received: 4 });
    const body = await series(ago(hourMs), now);
    const times = pointsOf(body, "MESSAGES_RECEIVED")?.map(({ timestamp }) => timestamp);
    expect(times).toEqual([ago(60_000).toISOString(), ago(30_000).toISOString()]);
    expect(pointsOf(body, "MESSAGES_SENT")?.map(({ timestamp }) => timestamp)).toEqual(times);
  });

  it("200 with what was received though nobody knows what was sent", async () => {
    await storeSample(gateway.db, ago(30_000), { received: 4 });
    expect(pointsOf(await series(ago(hourMs), now), "MESSAGES_RECEIVED")).toHaveLength(1);
  });

  it("200 with averages of levels and sums of messages when the steps are longer than the rows", async () => {
    const minute = (at: string, queueSize: number, received: number) =>
      storeSample(gateway.db, `2027-03-31T${at}Z`, { resolution: 60, queueSize, received, sent: 0 });
    await minute("08:00:00", 4, 10);
    await minute("08:01:00", 7, 20);
    await minute("08:02:00", 1, 1);
    const body = await series(ago(6 * hourMs), now);
    expect(body.interval).toBe(120);
    expect(pointsOf(body, "QUEUE_SIZE")?.map(({ value }) => value)).toEqual([5.5, 1]);
    expect(pointsOf(body, "MESSAGES_RECEIVED")?.map(({ value }) => value)).toEqual([30, 1]);
  });

  it("200 with the metrics that are asked for", async () => {
    const body = await series(ago(hourMs), now, "&metric=CPU_USAGE,QUEUE_SIZE");
    expect(body.series.map(({ metric }) => metric)).toEqual(["CPU_USAGE", "QUEUE_SIZE"]);
  });

  it.each([
    ["in the future", "2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"],
    ["before there was anything", "1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"],
    ["at the end of time", "9999-12-31T23:59:59.998Z", "9999-12-31T23:59:59.999Z"],
  ])("200 without a point for a period %s", async (_name, start, end) => {
    await storeSample(gateway.db, ago(30_000), { queueSize: 4 });
    expect((await series(start, end)).series.every(({ dataPoints }) => dataPoints.length === 0)).toBe(true);
  });

  it("does not ask Robin", async () => {
    const before = gateway.simulator.requests.length;
    await series(ago(hourMs), now);
    expect(gateway.simulator.requests).toHaveLength(before);
  });
});

describe("with a year of samples", () => {
  beforeEach(() => storeYear(gateway.db, now));

  it.each([
    ["an hour", hourMs, 15, 240],
    ["six hours", 6 * hourMs, 120, 180],
    ["a day", dayMs, 300, 288],
    ["a week", 7 * dayMs, 3600, 168],
    ["thirty days", 30 * dayMs, 10_800, 240],
    ["a year", 365 * dayMs, 2 * 86_400, 182],
    ["ten years", 3652 * dayMs, 2 * 86_400, 182],
    ["all of time", now.getTime(), 2 * 86_400, 182],
  ])("200 with at most 300 points of the last %s, and not a message too few", async (_name, ms, interval, points) => {
    const body = await series(ago(ms), now);
    expect(body.interval).toBe(interval);
    expect(pointsOf(body, "QUEUE_SIZE")?.length).toBeGreaterThanOrEqual(points);
    expect(pointsOf(body, "QUEUE_SIZE")?.length).toBeLessThanOrEqual(points + 1);
    // One message came in with each sample of 15 seconds.
    const whole = pointsOf(body, "MESSAGES_RECEIVED")?.slice(1, -1) ?? [];
    expect(new Set(whole.map(({ value }) => value))).toEqual(new Set([interval / 15]));
  });

  it("200 within 300 points whatever an attacker asks for", async () => {
    const body = await series("1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z");
    expect(body.series.map(({ dataPoints }) => dataPoints.length <= 300 && dataPoints.length > 100)).toEqual(
      body.series.map(() => true),
    );
  });

  it("reads by the index, and no more rows than the period has", async () => {
    const plan = await gateway.db.$queryRaw<{ "QUERY PLAN": string }[]>`
      EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF)
      SELECT date_bin(make_interval(secs => 300), at, 'epoch'), avg(queue_size), sum(received)
      FROM gateway_metric_samples
      WHERE resolution_seconds = 300 AND at >= ${ago(dayMs)} AND at < ${now} GROUP BY 1 ORDER BY 1`;
    const text = plan.map((line) => line["QUERY PLAN"]).join("\n");
    expect(text).toContain("gateway_metric_samples_pkey");
    expect(text).not.toContain("Seq Scan");
    expect(text).toMatch(/Scan.*actual rows=288/);
  });
});

describe.each(["/api/v1/metrics", "/metrics"])("GET %s/{metric}", (path) => {
  it("200 with one metric, in any case", async () => {
    await storeSample(gateway.db, ago(30_000), { cpuPercent: 4 });
    const answer = await get(`${path}/cpu_usage?start=${ago(hourMs).toISOString()}`);
    expect(answer.body).toMatchObject({ series: [{ metric: "CPU_USAGE", dataPoints: [{ value: 4 }] }] });
  });

  it("501 for the disk, of which Robin does not tell, and no warning of it", async () => {
    const before = gateway.logs.length;
    const answer = await get(`${path}/DISK_USAGE`);
    expect(gateway.logs.slice(before).filter(({ level }) => Number(level) >= 40)).toEqual([]);
    expect(answer.status).toBe(501);
    expect(answer.body).toMatchObject({ message: "Robin does not tell how full its disks are." });
  });

  it("404 for another name, with the names that there are", async () => {
    const answer = await get(`${path}/toString`);
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ message: expect.stringContaining("CPU_USAGE") as string });
  });

  it("401 and 405 as everywhere", async () => {
    expect((await gateway.request(`${path}/CPU_USAGE`)).status).toBe(401);
    expect((await gateway.request(`${path}/CPU_USAGE`, { method: "DELETE" })).status).toBe(405);
  });
});
