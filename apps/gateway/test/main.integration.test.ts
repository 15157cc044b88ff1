import { createEmptyDatabase } from "@robin/db/testing";
import { createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { bundleIfNeeded } from "../../../scripts/bundle.ts";
import { testSecret } from "./harness.ts";
import { startOtlpReceiver } from "./otlp-receiver.ts";

const sources = new URL("../src/main.ts", import.meta.url).pathname;

interface Ready {
  ready: true;
  url: string;
  admin?: { username: string; password: string };
}

let bundle: string;
let simulator: RobinSimulator;
let database: { url: string; drop(): Promise<void> };
let environment: NodeJS.ProcessEnv;
const children: ChildProcess[] = [];

beforeAll(async () => {
  ({ gateway: bundle } = await bundleIfNeeded());
  simulator = await createRobinSimulator();
  database = await createEmptyDatabase();
  environment = {
    PATH: process.env.PATH,
    PORT: "0",
    HOST: "127.0.0.1",
    DATABASE_URL: database.url,
    ROBIN_CLIENT_API_URL: simulator.clientUrl,
    ROBIN_SERVICE_API_URL: simulator.serviceUrl,
    JWT_SECRET: testSecret,
  };
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
});
afterAll(async () => {
  await simulator.close();
  await database.drop();
});

function startMain(overrides: NodeJS.ProcessEnv = {}, main = bundle) {
  const child = spawn(process.execPath, [main], {
    env: { ...environment, ...overrides },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  children.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output, exited: once(child, "close") as Promise<[number | null]> };
}

async function ready(child: ChildProcess): Promise<Ready> {
  const [message] = (await once(child, "message")) as [Ready];
  return message;
}

describe("the gateway's process", () => {
  it("migrates an empty database and tells its parent the first administrator's random password, once", async () => {
    const first = startMain();
    const { url, admin } = await ready(first.child);
    expect(admin?.username).toBe("admin@robin.local");
    const login = await fetch(`${url}/api/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(admin),
    });
    expect(login.status).toBe(200);
    expect(first.output()).not.toContain(admin?.password);
    first.child.kill("SIGTERM");
    expect((await first.exited)[0]).toBe(0);

    const second = startMain({}, sources);
    expect((await ready(second.child)).admin).toBeUndefined();
  });

  it("finds in the bundle what lies beside the sources", async () => {
    const { url } = await ready(startMain().child);
    for (const [path, type] of [
      ["/openapi.json", "application/json"],
      ["/docs", "text/html"],
      ["/docs/swagger-ui-bundle.js", "text/javascript"],
      ["/redoc/redoc.standalone.js", "text/javascript"],
      ["/actuator/info", "application/json"],
    ] as const) {
      const answer = await fetch(url + path);
      expect([path, answer.status, answer.headers.get("content-type")?.split(";")[0]]).toEqual([path, 200, type]);
      await answer.body?.cancel();
    }
  });

  it("lets a running request end before it goes, with its log line and its trace, and takes no new connection meanwhile", async () => {
    const collector = await startOtlpReceiver();
    const { child, exited, output } = startMain({
      ADMIN_PASSWORD: "correct-horse",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: "robin-gateway-test",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=tests",
    });
    const { url } = await ready(child);
    const arrived = new Promise<void>((resolve) => {
      simulator.faults.set({ port: "service", route: "/health", fault: { kind: "delay", ms: 500 }, times: 1 });
      const poll = setInterval(() => {
        if (!simulator.requests.some(({ port }) => port === "service")) return;
        clearInterval(poll);
        resolve();
      }, 5);
    });
    const running = fetch(`${url}/health/aggregate`);
    await arrived;
    child.kill("SIGTERM");
    const answer = await running;
    expect(answer.status).toBe(200);
    // Or the client would send its next request on a connection that is about to go.
    expect(answer.headers.get("connection")).toBe("close");
    expect((await exited)[0]).toBe(0);
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
    const requestId = answer.headers.get("x-request-id") ?? "";
    const line = output()
      .split("\n")
      .find((each) => each.includes(requestId));
    const { traceId } = JSON.parse(line ?? "{}") as { traceId?: string };
    const names = collector.spans().flatMap((span) => (span.traceId === traceId ? [span.name] : []));
    expect(names).toContain("GET /api/v1/health/aggregate");
    expect(collector.resource()).toMatchObject({
      "service.name": "robin-gateway-test",
      "deployment.environment": "tests",
    });
    await collector.close();
  });

  it("ends by itself when its parent is gone", async () => {
    const { child } = startMain();
    await ready(child);
    // Node emits no "close" for a child whose channel the parent closed.
    const exited = once(child, "exit");
    child.disconnect();
    expect(await exited).toEqual([0, null]);
  });

  it("names every bad variable in one message and exits with 1", async () => {
    const { output, exited } = startMain({ JWT_SECRET: "short", DATABASE_URL: "" });
    expect((await exited)[0]).toBe(1);
    expect(output()).toContain("JWT_SECRET: ");
    expect(output()).toContain("DATABASE_URL: is missing");
    expect(output()).not.toContain("short\n");
    expect(output()).not.toContain("    at ");
  });

  it("says in one sentence that its port is in use", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const { port } = blocker.address() as AddressInfo;
    const { output, exited } = startMain({ PORT: String(port) });
    expect((await exited)[0]).toBe(1);
    expect(output()).toContain(`Port ${port} is already in use.`);
    expect(output()).not.toContain("    at ");
    blocker.close();
  });

  it("says in one sentence that the credentials of the database are wrong, without them", async () => {
    const url = new URL(database.url);
    url.password = "not-the-password";
    const { output, exited } = startMain({ DATABASE_URL: url.href });
    expect((await exited)[0]).toBe(1);
    expect(output()).not.toContain("not-the-password");
    expect(output()).not.toContain("    at ");
    expect(output().trim().split("\n")).toHaveLength(1);
  });
});
