import { createEmptyDatabase } from "@robin/db/testing";
import { createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { bundleIfNeeded, nodeFlags } from "../../../scripts/bundle.ts";
import { testSecret } from "./harness.ts";

let program: string;
let simulator: RobinSimulator;
let database: { url: string; drop(): Promise<void> };
const started: Gateway[] = [];

beforeAll(async () => {
  ({ gateway: program } = await bundleIfNeeded());
  simulator = await createRobinSimulator();
  database = await createEmptyDatabase();
});
afterAll(async () => {
  for (const { child, exited } of started) {
    child.kill("SIGTERM");
    await exited;
  }
  await simulator.close();
  await database.drop();
});

interface Gateway {
  child: ChildProcess;
  url: string;
  output: () => string;
  exited: Promise<number | null>;
  /** Ids of the processes that began to serve, in that order. */
  served: () => number[];
  metric: (name: string) => Promise<number>;
}

async function start(env: NodeJS.ProcessEnv = {}): Promise<Gateway> {
  const child = spawn(process.execPath, [...nodeFlags, program], {
    env: {
      PATH: process.env.PATH,
      WORKERS: "2",
      PORT: "0",
      HOST: "127.0.0.1",
      DATABASE_URL: database.url,
      ROBIN_CLIENT_API_URL: simulator.clientUrl,
      ROBIN_SERVICE_API_URL: simulator.serviceUrl,
      JWT_SECRET: testSecret,
      RATE_LIMIT_ENABLED: "false",
      LOG_FORMAT: "json",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, "exit").then(([code]) => code as number | null);
  const ready = await Promise.race([once(child, "message"), exited]);
  const { url = "" } = Array.isArray(ready) ? (ready[0] as { url: string }) : {};
  const served = (): number[] =>
    [...output.matchAll(/^.*"msg":"gateway is listening"/gm)].map(([line]) => Number(/"pid":(\d+)/.exec(line)?.[1]));
  // The log is a moment behind.
  if (url !== "") await vi.waitUntil(() => served().length === 2, { timeout: 5000 });
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`, { headers: { accept: "text/plain" } })).text();
    return Number(
      text
        .split("\n")
        .find((line) => line.startsWith(name))
        ?.split(" ")
        .at(-1),
    );
  };
  const gateway = { child, url, output: () => output, exited, served, metric };
  started.push(gateway);
  return gateway;
}

const connections = 8;

/** Clients that keep their connections and ask again at once. What fails on a connection that worked before says "reused". */
function load(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const result = { answered: 0, failures: [] as string[] };
  let stopped = false;
  const ask = () =>
    new Promise<void>((resolve) => {
      const request = get(`${url}/health/live`, { agent }, (response) => {
        if (response.statusCode === 200) result.answered += 1;
        else result.failures.push(`status ${response.statusCode ?? 0}`);
        response.resume().once("close", resolve);
      }).once("error", (error) => {
        result.failures.push(`${request.reusedSocket ? "reused: " : ""}${error.message}`);
        resolve();
      });
    });
  const loops = Array.from({ length: connections }, async () => {
    while (!stopped) await ask();
  });
  return {
    result,
    async stop() {
      stopped = true;
      await Promise.all(loops);
      agent.destroy();
      return result;
    },
  };
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("several processes", () => {
  // The first three tests are stations in the life of one gateway.
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await start();
  });

  it("are replaced on SIGHUP without a failed request, and none of their counts is lost", async () => {
    const { child, url, served, output, metric } = gateway;
    const before = served();
    const clients = load(url);
    await expect.poll(() => clients.result.answered).toBeGreaterThan(100);
    child.kill("SIGHUP");
    await expect.poll(output, { timeout: 20_000 }).toContain('"msg":"every process was replaced"');
    const { answered, failures } = await clients.stop();
    expect(failures).toEqual([]);
    expect(before.filter(isRunning)).toEqual([]);
    expect(served().slice(2).filter(isRunning)).toHaveLength(2);
    expect(await metric('gateway_requests_total{method="GET",endpoint="/health/live",status="200"}')).toBe(answered);
    expect(await metric("gateway_process_restarts_total")).toBe(0);
  });

  it("go on when one is killed: its connections fail, and another takes its place", async () => {
    const { url, served, metric } = gateway;
    const before = served();
    const victim = before.at(-1) ?? 0;
    const clients = load(url);
    await expect.poll(() => clients.result.answered).toBeGreaterThan(100);
    process.kill(victim, "SIGKILL");
    await expect.poll(() => served().length, { timeout: 10_000 }).toBe(before.length + 1);
    const { failures } = await clients.stop();
    // Whoever connects anew before the death is noticed may be sent to the dead one again.
    expect(failures.length).toBeLessThanOrEqual(2 * connections);
    expect(await metric("gateway_processes")).toBe(2);
    expect(await metric("gateway_process_restarts_total")).toBe(1);
  });

  it("answer on SIGTERM what they have begun, and leave nothing behind", async () => {
    const { child, url, served, exited } = gateway;
    const asked = () => simulator.requests.filter(({ port }) => port === "service").length;
    const askedBefore = asked();
    simulator.faults.set({ port: "service", route: "/health", fault: { kind: "delay", ms: 800 }, times: 2 });
    const running = Array.from({ length: connections }, () => fetch(`${url}/health/aggregate`));
    await expect.poll(asked).toBeGreaterThan(askedBefore);
    // Connections are handed out in turn: once each process has answered a later one, it has those before.
    for (let later = 0; later < 2; later += 1) await fetch(`${url}/health/live`, { headers: { connection: "close" } });
    const clients = load(url);
    await expect.poll(() => clients.result.answered).toBeGreaterThan(0);
    child.kill("SIGTERM");
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual(Array(connections).fill(200));
    expect(await exited).toBe(0);
    const { failures } = await clients.stop();
    // Who connects anew finds nobody; who is connected is told to go before the connection ends.
    expect(
      failures.filter((failure) => !/^(connect ECONNREFUSED|read ECONNRESET|socket hang up)/.test(failure)),
    ).toEqual([]);
    expect(served().filter(isRunning)).toEqual([]);
  });

  it("end when the primary is killed", async () => {
    const { child, served, exited } = await start();
    child.kill("SIGKILL");
    await exited;
    await expect.poll(() => served().filter(isRunning), { timeout: 10_000 }).toEqual([]);
  });

  it("say once why they cannot start, and end with 1", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const { port } = blocker.address() as AddressInfo;
    const { output, exited } = await start({ PORT: String(port) });
    expect(await exited).toBe(1);
    expect(output()).toMatch(
      new RegExp(`^Port ${port} is already in use\\. .*\\nThe gateway did not start \\(exit code 1\\)\\.\\n$`),
    );
    blocker.close();
  });
});
