import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./harness.ts";

const start = () => startTestGateway({ simulator: { items: 9 }, robin: { breaker: { failureThreshold: 5 } } });

let shared: TestGateway;
let gateway: TestGateway;
beforeAll(async () => {
  shared = await startTestGateway({ simulator: { items: 9 }, robin: { breaker: { failureThreshold: 1_000_000 } } });
});
afterAll(() => shared.close());
beforeEach(() => {
  gateway = shared;
  gateway.databaseProxy.restore();
  gateway.simulator.faults.clear();
  gateway.clock.advance(5000);
  callsBefore = { client: 0, service: 0 };
  callsBefore = { client: callsTo("client"), service: callsTo("service") };
});
afterEach(async () => {
  if (gateway !== shared) await gateway.close();
});

interface Aggregate {
  status: string;
  robinClientApi: { status: string };
  robinServiceApi: { status: string };
  database: { status: string };
}

const paths = ["/api/v1/health/aggregate", "/health/aggregate"];
const probes = ["/health", "/health/ready", "/actuator/health"];

async function aggregate(path = "/health/aggregate") {
  const answer = await gateway.request(path);
  expect(answer.status).toBe(200);
  return answer.body as Aggregate;
}
const parts = ({ status, robinClientApi, robinServiceApi, database }: Aggregate) => ({
  status,
  client: robinClientApi.status,
  service: robinServiceApi.status,
  database: database.status,
});
const later = () => {
  gateway.clock.advance(5000);
};
let callsBefore = { client: 0, service: 0 };
const callsTo = (port: "client" | "service") =>
  gateway.simulator.requests.filter((request) => request.port === port && request.target === "/health").length -
  callsBefore[port];
const stopPort = (port: "client" | "service", kind: "reset" | "blackHole" | "html" | "garbage") => {
  gateway.simulator.faults.set({ port, route: "*", fault: { kind } });
};

describe.each(paths)("GET %s", (path) => {
  it("200 with DEGRADED when Robin does not accept the gateway's credentials on its service port", async () => {
    gateway = await startTestGateway({ simulator: { serviceAuth: { type: "bearer", value: "the right token" } } });
    const body = await aggregate(path);
    expect(parts(body)).toEqual({ status: "DEGRADED", client: "UP", service: "UP", database: "UP" });
    expect(body.robinServiceApi).toEqual({ status: "UP", limited: true });
    expect(body).not.toHaveProperty("queue");
  });

  it("200 with everything UP, open to everyone, with the queue and scheduler.cron of Robin", async () => {
    const body = await aggregate(path);
    expect(body).toMatchObject({
      service: "robin-gateway",
      status: "UP",
      timestamp: gateway.clock.now().getTime(),
      uptime: expect.stringMatching(/^\d+d \d+h \d+m \d+s$/) as string,
      queue: { ...gateway.simulator.queue.counts(), size: gateway.simulator.queue.size },
      scheduler: {
        config: { totalRetries: 30, firstWaitMinutes: 1, growthFactor: 1.2 },
        cron: { periodSeconds: expect.any(Number) as number, initialDelaySeconds: expect.any(Number) as number },
      },
    });
    expect(parts(body)).toEqual({ status: "UP", client: "UP", service: "UP", database: "UP" });
  });

  it("200 without nulls, hosts or ports of what is behind", async () => {
    stopPort("client", "reset");
    const { text } = await gateway.request(path);
    const secrets = [gateway.simulator.clientUrl, gateway.simulator.serviceUrl, gateway.databaseUrl].map(
      (url) => new URL(url).port,
    );
    const { listeners, timestamp, ...rest } = JSON.parse(text) as Record<string, unknown>;
    expect(listeners).toBeInstanceOf(Array);
    expect(timestamp).toBeTypeOf("number");
    for (const secret of [...secrets, "127.0.0.1", "null", "ECONN", "postgres"]) {
      expect(JSON.stringify(rest)).not.toContain(secret);
    }
  });
});

describe("GET /health/aggregate", () => {
  it.each([
    ["client", "reset", { status: "DEGRADED", client: "DOWN", service: "UP", database: "UP" }],
    ["client", "html", { status: "DEGRADED", client: "DOWN", service: "UP", database: "UP" }],
    ["client", "garbage", { status: "DEGRADED", client: "DOWN", service: "UP", database: "UP" }],
    ["client", "blackHole", { status: "DEGRADED", client: "UNKNOWN", service: "UP", database: "UP" }],
    ["service", "reset", { status: "DOWN", client: "UP", service: "DOWN", database: "UP" }],
    ["service", "html", { status: "DOWN", client: "UP", service: "DOWN", database: "UP" }],
    ["service", "blackHole", { status: "DEGRADED", client: "UP", service: "UNKNOWN", database: "UP" }],
  ] as const)("200 when the %s port meets %s: %o", async (port, kind, expected) => {
    stopPort(port, kind);
    const startedAt = performance.now();
    const body = await aggregate();
    expect(performance.now() - startedAt).toBeLessThan(1900);
    expect(parts(body)).toEqual(expected);
    expect("scheduler" in body).toBe(port === "client");
  });

  it("200 with DOWN for Robin when it is gone altogether", async () => {
    gateway = await start();
    await gateway.simulator.close();
    expect(parts(await aggregate())).toEqual({ status: "DOWN", client: "DOWN", service: "DOWN", database: "UP" });
  });

  it("200 with DOWN for a database that is gone, and UP again when it is back", async () => {
    gateway.databaseProxy.cut();
    expect(parts(await aggregate())).toEqual({ status: "DEGRADED", client: "UP", service: "UP", database: "DOWN" });
    gateway.databaseProxy.restore();
    later();
    expect(parts(await aggregate())).toMatchObject({ status: "UP", database: "UP" });
  });

  it("200 with UNKNOWN within about a second for a database that does not answer", async () => {
    gateway.databaseProxy.stall();
    const startedAt = performance.now();
    expect(parts(await aggregate())).toMatchObject({ status: "DEGRADED", database: "UNKNOWN" });
    expect(performance.now() - startedAt).toBeLessThan(1900);
  });

  it("200 while a slow check leaves the breakers alone, however often it is slow", async () => {
    gateway = await start();
    stopPort("service", "blackHole");
    for (let check = 0; check < 6; check++) {
      expect(parts(await aggregate())).toMatchObject({ service: "UNKNOWN" });
      later();
    }
    expect(gateway.deps.robin.breakers()).toEqual({ client: "closed", service: "closed" });
  });

  it("200 for 50 callers at once with one call to each port, and no other within five seconds", async () => {
    const roads = [...paths, "/trpc/health.aggregate"];
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => gateway.request(roads[index % roads.length] ?? "")),
    );
    for (const { status } of answers) expect(status).toBe(200);
    expect([callsTo("client"), callsTo("service")]).toEqual([1, 1]);
    gateway.clock.advance(4999);
    await aggregate();
    expect([callsTo("client"), callsTo("service")]).toEqual([1, 1]);
    gateway.clock.advance(1);
    await Promise.all(Array.from({ length: 50 }, () => aggregate()));
    expect([callsTo("client"), callsTo("service")]).toEqual([2, 2]);
  });

  it("200 with a new check when the clock was set back, rather than an old one for as long", async () => {
    await aggregate();
    gateway.clock.advance(-3_600_000);
    const body = await aggregate();
    expect(body).toMatchObject({ timestamp: gateway.clock.now().getTime() });
    expect(callsTo("client")).toBe(2);
  });

  it("400 for a query that nobody reads", async () => {
    expect((await gateway.request("/health/aggregate?verbose=1")).status).toBe(400);
  });
});

describe.each(probes)("GET %s", (path) => {
  it("200 and ready, without a token and without asking Robin", async () => {
    const answer = await gateway.request(path);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      status: "UP",
      live: true,
      ready: true,
      draining: false,
      database: "UP",
      breakers: { client: "closed", service: "closed" },
    });
    expect([callsTo("client"), callsTo("service")]).toEqual([0, 0]);
  });

  it("503 without the database, and 200 again when it is back", async () => {
    gateway.databaseProxy.cut();
    const answer = await gateway.request(path);
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ status: "DOWN", live: true, ready: false, database: "DOWN" });
    gateway.databaseProxy.restore();
    expect((await gateway.request(path)).status).toBe(200);
  });

  it("503 within about a second when the database does not answer", async () => {
    gateway.databaseProxy.stall();
    const startedAt = performance.now();
    const answer = await gateway.request(path);
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ ready: false, database: "UNKNOWN" });
    expect(performance.now() - startedAt).toBeLessThan(1900);
  });

  it("200 while Robin is down: the gateway can still answer", async () => {
    gateway = await start();
    await gateway.simulator.close();
    expect((await gateway.request(path)).status).toBe(200);
  });
});

describe.each(["/health/live", "/health/public"])("GET %s", (path) => {
  it("200 with nothing but UP, whatever else is down", async () => {
    gateway = await start();
    gateway.databaseProxy.cut();
    await gateway.simulator.close();
    const answer = await gateway.request(path);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ status: "UP" });
  });
});
