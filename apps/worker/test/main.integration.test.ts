import { freePort } from "@robin/db/embedded";
import { createEmptyDatabase } from "@robin/db/testing";
import { connectJobs } from "@robin/jobs";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { bundleIfNeeded } from "../../../scripts/bundle.ts";
import { readEnv } from "../src/env.ts";
import { failureText, startFromEnv } from "../src/start.ts";

/** Nothing listens there. */
const robinUrls = { ROBIN_CLIENT_API_URL: "http://127.0.0.1:1", ROBIN_SERVICE_API_URL: "http://127.0.0.1:1" };
let main: string;

let database: { url: string; drop(): Promise<void> };
const children: ChildProcess[] = [];

beforeAll(async () => {
  ({ worker: main } = await bundleIfNeeded());
  database = await createEmptyDatabase();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
});
afterAll(() => database.drop());

function startMain(env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, WORKER_HEALTH_PORT: "0", DATABASE_URL: database.url, ...robinUrls, ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  children.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output, exited: once(child, "close") as Promise<[number | null]> };
}

describe("the worker's process", () => {
  it("migrates an empty database, says that it is ready, and stops at SIGTERM", async () => {
    const port = await freePort();
    const { child, output, exited } = startMain({ WORKER_HEALTH_PORT: String(port) });
    const [message] = (await once(child, "message")) as [unknown];
    expect(message).toEqual({ ready: true });
    expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
    child.kill("SIGTERM");
    expect((await exited)[0]).toBe(0);
    expect(output()).toContain("worker has stopped");
  });

  it("stops when its parent is gone", async () => {
    const { child } = startMain();
    await once(child, "message");
    // Not "close": it does not come after a disconnect of our own.
    const exited = once(child, "exit");
    child.disconnect();
    expect(await exited).toEqual([0, null]);
  });

  it("ends with one message that names every bad variable and no value", async () => {
    const { output, exited } = startMain({ DATABASE_URL: "", LOG_LEVEL: "hidden-word" });
    expect((await exited)[0]).toBe(1);
    expect(output()).toBe(
      [
        "The worker cannot start with this environment:",
        "  DATABASE_URL: is missing",
        '  LOG_LEVEL: Invalid option: expected one of "fatal"|"error"|"warn"|"info"|"debug"|"trace"|"silent"',
        "",
      ].join("\n"),
    );
  });

  it("ends with one sentence when the health port is taken", async () => {
    const other = createServer().listen(0);
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { output, exited } = startMain({ WORKER_HEALTH_PORT: String(port), LOG_LEVEL: "silent" });
    expect((await exited)[0]).toBe(1);
    expect(output()).toBe(`Port ${port} is already in use. Stop what uses it, or set WORKER_HEALTH_PORT.\n`);
    other.close();
  });
});

describe("starting from the environment", () => {
  it("starts every job, and closes", async () => {
    const env = readEnv({ ...robinUrls, DATABASE_URL: database.url, WORKER_HEALTH_PORT: "0", LOG_LEVEL: "silent" });
    const { worker } = await startFromEnv(env);
    expect(worker.backend).toBe("postgresql");
    await Promise.all([worker.close(), worker.close()]);
  });

  it("samples Robin as often as METRICS_SAMPLE_SECONDS says", async () => {
    const pace = { METRICS_SAMPLE_SECONDS: "30", WORKER_HEALTH_PORT: "0", LOG_LEVEL: "silent" };
    const { worker } = await startFromEnv(readEnv({ ...robinUrls, DATABASE_URL: database.url, ...pace }));
    const connection = await connectJobs({ databaseUrl: database.url });
    const queue = connection.createQueue("metrics.sample");
    const schedule = await queue.getJobScheduler("metrics.sample");
    expect(schedule).toMatchObject({ every: 30_000, template: { data: { sampleSeconds: 30 } } });
    await queue.close();
    await connection.close();
    await worker.close();
  });

  it("fails with one sentence when the database refuses it", async () => {
    const url = new URL(database.url);
    url.password = "hidden-word";
    const env = readEnv({ ...robinUrls, DATABASE_URL: url.href, WORKER_HEALTH_PORT: "0", LOG_LEVEL: "silent" });
    const text = await startFromEnv(env).then(() => "", failureText);
    expect(text).toMatch(/^The database at \S+ cannot be reached: user or password is wrong\.$/);
  });

  it("names the variable to change when the port is taken", () => {
    const taken = Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE", port: 8001 });
    expect(failureText(taken)).toBe("Port 8001 is already in use. Stop what uses it, or set WORKER_HEALTH_PORT.");
  });

  it("shows a developer the stack of what nobody foresaw", () => {
    expect(failureText(new TypeError("oh"))).toContain("main.integration.test.ts");
    expect(failureText("text")).toBe("text");
  });
});
