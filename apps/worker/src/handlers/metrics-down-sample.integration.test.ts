import { createTestDatabase, type TestDatabase } from "@robin/db/testing";
import { createLocalEvents } from "@robin/events";
import type { MetricSample } from "@robin/db";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { absentRobin } from "../../test/absent-robin.ts";
import type { JobContext } from "../handler.ts";
import { metricsDownSample } from "./metrics-down-sample.ts";

const now = new Date("2027-03-31T12:07:40.000Z");
const payload = { batchSize: 2 };
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe("metrics.downSample", () => {
  let database: TestDatabase;
  let context: JobContext;
  let time: Date;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.db.metricSample.deleteMany();
    time = now;
    context = {
      db: database.db,
      events: createLocalEvents(pino({ level: "silent" })),
      robin: absentRobin(),
      logger: pino({ level: "silent" }),
      signal: new AbortController().signal,
      now: () => time,
    };
  });

  const run = (with_ = context) => metricsDownSample.run(payload, with_);
  const rows = (resolution: number) =>
    database.db.metricSample.findMany({ where: { resolution }, orderBy: { at: "asc" }, omit: { resolution: true } });
  const times = async (resolution: number) => (await rows(resolution)).map(({ at }) => at.toISOString().slice(11, 19));

  async function sampled(at: string | Date, values: Partial<MetricSample> = {}, resolution = 0): Promise<void> {
    const date = typeof at === "string" ? new Date(`2027-03-31T${at}.000Z`) : at;
    const { queueSize = null, received = null } = values;
    await database.db.metricSample.create({ data: { resolution, at: date, queueSize, received, reading: {} } });
  }

  it("averages levels, adds up messages, and leaves out what is unknown", async () => {
    await sampled("12:00:00", { queueSize: 4, received: 1 });
    await sampled("12:00:15", { queueSize: 6 });
    await sampled("12:00:30", { received: 5 });
    await sampled("12:01:00");
    await sampled("12:03:59", { queueSize: 0, received: 0 });
    await sampled("12:05:00", { queueSize: 30, received: 4 });
    await run();
    const none = { connections: null, cpuPercent: null, memoryPercent: null, sent: null, reading: null };
    expect(await rows(60)).toEqual([
      { at: new Date("2027-03-31T12:00:00.000Z"), ...none, queueSize: 5, received: 6 },
      { at: new Date("2027-03-31T12:01:00.000Z"), ...none, queueSize: null, received: null },
      { at: new Date("2027-03-31T12:03:00.000Z"), ...none, queueSize: 0, received: 0 },
      { at: new Date("2027-03-31T12:05:00.000Z"), ...none, queueSize: 30, received: 4 },
    ]);
    expect(await rows(300)).toMatchObject([
      { at: new Date("2027-03-31T12:00:00.000Z"), queueSize: 10 / 3, received: 6 },
      { at: new Date("2027-03-31T12:05:00.000Z"), queueSize: 30, received: 4 },
    ]);
    expect(await rows(3600)).toMatchObject([{ at: new Date("2027-03-31T12:00:00.000Z"), queueSize: 10, received: 10 }]);
  });

  it("makes nothing where there is nothing", async () => {
    expect(await run()).toEqual({ made: 0, deleted: 0 });
  });

  it("leaves everything as it is the second time, also when two run at once", async () => {
    for (const at of ["11:59:45", "12:00:00", "12:00:15", "12:04:00"]) await sampled(at, { queueSize: 3, received: 1 });
    await run();
    const before = [await rows(0), await rows(60), await rows(300), await rows(3600)];
    await Promise.all([run(), run()]);
    expect([await rows(0), await rows(60), await rows(300), await rows(3600)]).toEqual(before);
  });

  it("goes on where it was, and makes the row anew whose time was not over", async () => {
    await sampled("12:00:00", { received: 1 });
    await run();
    await sampled("12:00:15", { received: 2 });
    await sampled("12:01:00", { received: 4 });
    await run();
    expect((await rows(60)).map(({ received }) => received)).toEqual([3, 4]);
    expect((await rows(3600)).map(({ received }) => received)).toEqual([7]);
  });

  it("makes up for the time in which no worker ran", async () => {
    await sampled("02:30:00", { received: 1 });
    await run();
    for (const at of ["02:45:00", "03:10:00", "12:00:00"]) await sampled(at, { received: 1 });
    await run();
    expect(await times(3600)).toEqual(["02:00:00", "03:00:00", "12:00:00"]);
    expect((await rows(3600)).map(({ received }) => received)).toEqual([2, 1, 1]);
    expect(await times(60)).toEqual(["02:30:00", "02:45:00", "03:10:00", "12:00:00"]);
  });

  it("never makes a row anew of which samples are gone already", async () => {
    for (const at of ["12:00:00", "12:30:00", "12:59:45"]) await sampled(at, { queueSize: 9, received: 1 });
    time = new Date("2027-03-31T13:00:00.000Z");
    await run();
    // Robin is away for more than a day: the samples of that hour go one by one, and no newer row is there.
    for (let ms = 0; ms < 2 * dayMs; ms += hourMs / 4) {
      time = new Date(Date.parse("2027-03-31T13:00:00.000Z") + ms);
      await run();
    }
    expect(await rows(0)).toEqual([]);
    expect(await rows(3600)).toMatchObject([{ queueSize: 9, received: 3 }]);
    expect(await rows(300)).toMatchObject([{ received: 1 }, { received: 1 }, { received: 1 }]);
  });

  it.each([
    [0, 1],
    [60, 7],
    [300, 30],
    [3600, 366],
  ])(
    "keeps rows of %d seconds for %d days and an hour, and deletes older ones batch by batch",
    async (resolution, days) => {
      const cutoff = now.getTime() - days * dayMs - hourMs;
      await sampled(new Date(cutoff), {}, resolution);
      await sampled(new Date(now.getTime() - 1000), {}, resolution);
      for (let n = 1; n <= 5; n += 1) await sampled(new Date(cutoff - n), {}, resolution);
      expect(await run()).toMatchObject({ deleted: 5 });
      expect((await rows(resolution)).map(({ at }) => at.getTime())).toContain(cutoff);
      expect(await run()).toMatchObject({ deleted: 0 });
    },
  );

  it("does nothing more when the worker stops", async () => {
    await sampled(new Date(now.getTime() - 3 * dayMs));
    await sampled("12:00:00");
    expect(await run({ ...context, signal: AbortSignal.abort() })).toEqual({ made: 0, deleted: 0 });
    expect(await rows(0)).toHaveLength(2);
  });
});
