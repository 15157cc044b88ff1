import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./harness.ts";
import { storeSample, storeYear } from "./metrics-support.ts";

const dayMs = 24 * 3_600_000;
const now = new Date("2027-03-31T12:00:00.000Z");

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  gateway.clock.advance(now.getTime() - gateway.clock.now().getTime());
  ({ token } = await gateway.signIn("ROLE_USER"));
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await gateway.db.metricSample.deleteMany();
});

const ago = (ms: number) => new Date(now.getTime() - ms);
function download(path: string, start: Date, format = "csv") {
  const query = new URLSearchParams({ start: start.toISOString(), end: now.toISOString(), format });
  return gateway.request(`${path}?${query.toString()}`, { token });
}

describe.each(["/api/v1/metrics/export", "/metrics/export"])("GET %s", (path) => {
  it("200 with a CSV file of what is known, the oldest first", async () => {
    await storeSample(gateway.db, ago(30_000), { queueSize: 7, cpuPercent: 12.504, received: 0, sent: 2 });
    await storeSample(gateway.db, ago(60_000), { memoryPercent: 41.2, connections: 3 });
    const answer = await download(path, ago(3_600_000));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(answer.headers.get("content-disposition")).toMatch(/^attachment; filename="?metrics-\d{8}T\d{6}\.csv/);
    expect(answer.text.split("\r\n")).toEqual([
      "timestamp,metric,unit,value",
      "2027-03-31T11:59:00.000Z,CONNECTIONS,connections,3",
      "2027-03-31T11:59:00.000Z,MEMORY_USAGE,%,41.2",
      "2027-03-31T11:59:30.000Z,QUEUE_SIZE,items,7",
      "2027-03-31T11:59:30.000Z,MESSAGES_SENT,messages (LMTP),2",
      "2027-03-31T11:59:30.000Z,MESSAGES_RECEIVED,messages,0",
      "2027-03-31T11:59:30.000Z,CPU_USAGE,%,12.5",
      "",
    ]);
  });

  it("200 with the same as JSON", async () => {
    await storeSample(gateway.db, ago(60_000), { queueSize: 7 });
    await storeSample(gateway.db, ago(30_000), { queueSize: 8 });
    const answer = await download(path, ago(3_600_000), "json");
    expect(answer.body).toEqual([
      { timestamp: "2027-03-31T11:59:00.000Z", metric: "QUEUE_SIZE", unit: "items", value: 7 },
      { timestamp: "2027-03-31T11:59:30.000Z", metric: "QUEUE_SIZE", unit: "items", value: 8 },
    ]);
  });

  it("200 with a head alone, or an empty array, where nothing was sampled", async () => {
    await storeSample(gateway.db, ago(60_000));
    expect((await download(path, ago(3_600_000))).text).toBe("timestamp,metric,unit,value\r\n");
    expect((await download(path, ago(3_600_000), "json")).body).toEqual([]);
  });

  it.each([
    ["a day", dayMs, 5760],
    ["a week", 7 * dayMs, 7 * 1440],
    ["thirty days", 30 * dayMs, 30 * 288],
    ["a year", 365 * dayMs, 365 * 24],
    ["all of time", now.getTime(), 366 * 24 + 1],
  ])("200 with each row of the last %s, once", async (_name, ms, rows) => {
    await storeYear(gateway.db, now);
    const answer = await download(path, ago(ms));
    const lines = answer.text.trimEnd().split("\r\n").slice(1);
    expect(lines).toHaveLength(6 * rows);
    expect(new Set(lines).size).toBe(lines.length);
    const times = lines.map((line) => line.slice(0, 24));
    expect(times).toEqual(times.toSorted());
  });

  it("400 for another format, and for a start after the end", async () => {
    expect((await download(path, ago(1), "xml")).status).toBe(400);
    expect((await download(path, ago(-1))).status).toBe(400);
  });

  it("401 without a sign-in", async () => {
    expect((await gateway.request(path)).status).toBe(401);
  });
});
