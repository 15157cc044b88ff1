import { createConfigFolder, parseJson5 } from "@robin/config-files";
import { createTestDatabase, type TestDatabase } from "@robin/db/testing";
import { createLocalEvents } from "@robin/events";
import { createRobinClient, type RobinClient } from "@robin/sdk";
import { createManualClock, createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { captureLog, type CapturedLog } from "../../test/captured-log.ts";
import { type JobContext, withSchedule } from "../handler.ts";
import { startWorker } from "../worker.ts";
import { blocklistProject } from "./blocklist-project.ts";

const noon = new Date("2027-03-31T12:00:00.000Z");
const minuteMs = 60_000;
const tickMs = 10_000;
const after = (ms: number) => new Date(noon.getTime() + ms);

describe("blocklist.project", () => {
  let database: TestDatabase;
  let folder: string;
  let clock: ReturnType<typeof createManualClock>;
  let simulator: RobinSimulator;
  let robin: RobinClient;
  let log: CapturedLog;
  let context: JobContext;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.db.blocklistEntry.deleteMany();
    await database.db.blocklistProjection.deleteMany();
    folder = await mkdtemp(path.join(tmpdir(), "robin-blocklist-"));
    await writeFile(path.join(folder, "properties.json5"), "{ serverAutoReload: { enabled: true } }");
    clock = createManualClock(noon);
    simulator = await createRobinSimulator({ clock, config: { folder } });
    robin = createRobinClient({
      clientApi: { url: simulator.clientUrl },
      serviceApi: { url: simulator.serviceUrl },
      breaker: { failureThreshold: 1_000_000 },
    });
    log = captureLog();
    const signal = new AbortController().signal;
    const configFolder = createConfigFolder({ path: folder });
    context = {
      db: database.db,
      events: createLocalEvents(log.logger),
      robin,
      configFolder,
      logger: log.logger,
      signal,
      now: () => clock.now(),
    };
  });
  afterEach(async () => {
    await robin.close();
    await simulator.close();
    await rm(folder, { recursive: true });
  });

  const block = (value: string, expiresAt: Date | null = null) =>
    database.db.blocklistEntry.create({
      data: { type: "IP", value, network: value, reason: "abuse", active: true, createdBy: "test", expiresAt },
    });
  const file = () => path.join(folder, "blocklist.json5");
  const entries = async () => parseJson5(await readFile(file(), "utf8")).entries as string[] | undefined;
  const reloads = () => simulator.requests.filter(({ target }) => target === "/config/reload").length;
  const run = (afterMs = 0) => {
    clock.advance(afterMs);
    return blocklistProject.run({}, context);
  };

  it("brings to Robin what a gateway that died has only put into the table", async () => {
    await block("192.0.2.1");
    expect(await run()).toEqual({ due: true, projected: true });
    expect(await entries()).toEqual(["192.0.2.1"]);
    await block("192.0.2.2");
    expect(await run(minuteMs)).toEqual({ due: true, projected: true });
    expect(await entries()).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(reloads()).toBe(2);
  });

  it("takes an entry out with the first tick after its end, and no sooner", async () => {
    await block("192.0.2.1");
    await block("192.0.2.2", after(2 * tickMs + 1));
    await run();
    expect(await run(tickMs)).toEqual({ due: false });
    expect(await run(tickMs)).toEqual({ due: false });
    expect(await entries()).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(await run(tickMs)).toEqual({ due: true, projected: true });
    expect(await entries()).toEqual(["192.0.2.1"]);
    expect(reloads()).toBe(2);
    expect(await run(tickMs)).toEqual({ due: false });
  });

  it("takes an entry out in the very moment of its end", async () => {
    await block("192.0.2.1", after(tickMs));
    await run();
    await run(tickMs);
    expect(await entries()).toEqual([]);
  });

  it("changes nothing, and asks Robin for nothing, when all is as it should be", async () => {
    await block("192.0.2.1");
    await run();
    const text = await readFile(file(), "utf8");
    for (let minute = 0; minute < 3; minute += 1) {
      expect(await run(minuteMs)).toEqual({ due: true, projected: true });
    }
    expect(await readFile(file(), "utf8")).toBe(text);
    expect(reloads()).toBe(1);
  });

  it("makes no file while there is nothing to block", async () => {
    expect(await run()).toEqual({ due: true, projected: true });
    await expect(readFile(file())).rejects.toThrow("ENOENT");
    expect(simulator.requests).toEqual([]);
  });

  it("puts back what somebody took out of the file by hand", async () => {
    await block("192.0.2.1");
    await run();
    const name = file();
    const text = await readFile(name, "utf8");
    await writeFile(name, text.replace(/^ {4}"192\.0\.2\.1"$/m, `    "203.0.113.1" /* mine */`));
    expect(await entries()).toEqual(["203.0.113.1"]);
    await run(minuteMs);
    expect((await entries())?.toSorted()).toEqual(["192.0.2.1", "203.0.113.1"]);
    expect(await readFile(name, "utf8")).toContain("/* mine */");
  });

  it("tries again each minute while it cannot, says so once, and says no more when it can", async () => {
    await block("192.0.2.1");
    await rename(folder, `${folder}.away`);
    for (let minute = 0; minute < 3; minute += 1) expect(await run(minuteMs)).toEqual({ due: true, projected: false });
    expect(log.lines.map(({ msg }) => msg)).toEqual([
      "the blocklist could not be brought to Robin; the worker tries again",
    ]);
    await rename(`${folder}.away`, folder);
    expect(await run(tickMs)).toEqual({ due: true, projected: true });
    expect(await entries()).toEqual(["192.0.2.1"]);
    expect(await database.db.blocklistProjection.findMany()).toMatchObject([{ problem: null }]);
  });

  it("asks Robin again with the next tick when it did not answer", async () => {
    await run();
    await block("192.0.2.1");
    clock.advance(minuteMs);
    simulator.faults.set({ port: "service", route: "/config/reload", fault: { kind: "status", status: 500 } });
    expect(await run()).toEqual({ due: true, projected: false });
    simulator.faults.clear();
    expect(await run(tickMs)).toEqual({ due: true, projected: true });
    expect(reloads()).toBe(2);
  });

  it("does nothing without the folder of Robin's configuration", async () => {
    await block("192.0.2.1");
    expect(await blocklistProject.run({}, { ...context, configFolder: undefined })).toEqual({ due: false });
    expect(await database.db.blocklistProjection.count()).toBe(0);
  });

  it("leaves the same file when two workers run at once", async () => {
    for (let n = 1; n <= 20; n += 1) await block(`192.0.2.${n}`, n % 2 === 0 ? after(tickMs) : null);
    await Promise.all([run(), run(), run()]);
    expect(await entries()).toHaveLength(20);
    clock.advance(tickMs);
    await Promise.all([run(), run(), run()]);
    expect(await entries()).toEqual(Array.from({ length: 10 }, (_, index) => `192.0.2.${2 * index + 1}`));
  });

  it("is run once a tick by two workers", async () => {
    await block("192.0.2.1");
    const schedule = { everyMs: 500, payload: {} };
    const createWorker = () =>
      startWorker({
        databaseUrl: database.url,
        handlers: [withSchedule(blocklistProject, schedule)],
        robin: createRobinClient({
          clientApi: { url: simulator.clientUrl },
          serviceApi: { url: simulator.serviceUrl },
        }),
        configFolder: createConfigFolder({ path: folder }),
        healthPort: 0,
        logger: log.logger,
      });
    const workers = [await createWorker(), await createWorker()];
    let seen = 0;
    await log.waitFor(({ msg }) => msg === "job done" && (seen += 1) === 3);
    await Promise.all(workers.map((worker) => worker.close()));
    const ticks = log.lines.filter(({ msg }) => msg === "job done").map(({ jobId }) => jobId);
    expect(new Set(ticks).size).toBe(ticks.length);
    expect(await entries()).toEqual(["192.0.2.1"]);
    expect(reloads()).toBe(1);
  });
});
