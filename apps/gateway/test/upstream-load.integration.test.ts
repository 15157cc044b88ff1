import type { BreakerState, RobinService } from "@robin/sdk";
import type { RobinSimulator } from "@robin/simulator";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

type Fault = Parameters<RobinSimulator["faults"]["set"]>[0]["fault"];

const openMs = 200;
const [maxConnections, maxWaiting] = [4, 12];

let gateway: TestGateway;
let admin: SignedIn;
let changes: { service: RobinService; state: BreakerState }[];
/** The most calls at Robin and in line at once. */
const most = { running: 0, waiting: 0 };
beforeAll(async () => {
  gateway = await startTestGateway({
    simulator: { items: 3 },
    app: { requestTimeoutMs: 600 },
    robin: {
      maxConnections,
      maxWaiting,
      timeoutMs: 600,
      breaker: { openMs },
      onBreakerChange: (change) => changes.push(change),
      startSpan() {
        for (const { running, waiting } of Object.values(gateway.deps.robin.load())) {
          most.running = Math.max(most.running, running);
          most.waiting = Math.max(most.waiting, waiting);
        }
        return undefined;
      },
    },
  });
  admin = await gateway.signIn();
  changes = [];
});
afterAll(() => gateway.close());
afterEach(async () => {
  gateway.simulator.faults.clear();
  // The next test begins with a Robin that answers.
  for (const port of ["client", "service"] as const) {
    await vi.waitUntil(async () => (await ask(port, 0)).status === 200, { interval: 20, timeout: 5000 });
  }
  changes = [];
});

const paths = {
  client: (n: number) => `/api/v1/queue?state=READY&limit=${n + 1}`,
  service: () => "/api/v1/diagnostics/threads",
};
const ask = (port: RobinService, n: number, on = gateway) => on.request(paths[port](n), { token: admin.token });
const burst = (port: RobinService, count: number) => Promise.all(Array.from({ length: count }, (_, n) => ask(port, n)));
const statusesOf = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))].sort();
const ports: [RobinService, RobinService][] = [
  ["client", "service"],
  ["service", "client"],
];

function expectSentences(answers: readonly Answer[]) {
  for (const { status, body } of answers.filter((answer) => answer.status !== 200)) {
    expect([502, 503, 504]).toContain(status);
    expect(body).toMatchObject({
      code: expect.stringMatching(/^upstream_/) as string,
      message: expect.stringMatching(/^[A-Z].{10,}\.$/) as string,
    });
  }
}

/** With the statuses that there may be, and whether the breaker has to open. */
const faults: [string, Fault, number[], boolean][] = [
  ["slow", { kind: "delay", ms: 60 }, [200, 503, 504], false],
  ["reset", { kind: "reset" }, [503], true],
  ["black-holed", { kind: "blackHole" }, [503, 504], true],
  ["garbage", { kind: "garbage" }, [502, 503, 504], false],
];

describe.each(ports)("40 requests at once while Robin's %s port", (port, other) => {
  it.each(faults)(
    "is %s: each gets an answer, the line stays bounded, the other port serves",
    async (_name, fault, expected, opens) => {
      gateway.simulator.faults.set({ port, route: "*", fault });
      const [answers, others] = await Promise.all([burst(port, 40), burst(other, 5)]);
      for (const status of statusesOf(answers)) expect(expected).toContain(status);
      expectSentences(answers);
      expect(statusesOf(others)).toEqual([200]);
      expect(most.running).toBeLessThanOrEqual(maxConnections);
      expect(most.waiting).toBeLessThanOrEqual(maxWaiting);
      expect(gateway.deps.robin.load()[port]).toEqual({ running: 0, waiting: 0 });
      if (opens) expect(changes).toContainEqual({ service: port, state: "open" });
      expect(changes.filter(({ service }) => service === other)).toEqual([]);
    },
  );

  it("refuses connections: 503 for each, and the other port serves", async () => {
    const url = await urlOfNobody();
    const { clientUrl, serviceUrl } = gateway.simulator;
    const half = await startTestGateway({
      beside: gateway,
      robin: {
        clientApi: { url: port === "client" ? url : clientUrl },
        serviceApi: { url: port === "client" ? serviceUrl : url },
      },
    });
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => ask(port, n, half)));
    expect(statusesOf(answers)).toEqual([503]);
    expectSentences(answers);
    expect((await ask(other, 0, half)).status).toBe(200);
    expect(half.deps.robin.breakers()).toEqual({ [port]: "open", [other]: "closed" });
    await half.close();
  });

  it("flaps: the breaker goes its way round, and the first answer after the last trial is 200", async () => {
    for (let round = 0; round < 2; round += 1) {
      gateway.simulator.faults.set({ port, route: "*", fault: { kind: "reset" } });
      expectSentences(await burst(port, 10));
      expect(gateway.deps.robin.breakers()[port]).toBe("open");
      gateway.simulator.faults.clear();
      await vi.waitUntil(async () => (await ask(port, 0)).status === 200, { interval: 20 });
    }
    const next: Record<BreakerState, BreakerState[]> = {
      closed: ["open"],
      open: ["half-open"],
      "half-open": ["closed", "open"],
    };
    let state: BreakerState = "closed";
    for (const change of changes) {
      expect(change.service).toBe(port);
      expect(next[state]).toContain(change.state);
      ({ state } = change);
    }
    expect(state).toBe("closed");
    expect(changes.filter((change) => change.state === "open").length).toBeGreaterThanOrEqual(2);
  });
});

describe("while Robin sends a message to a server that stays silent", () => {
  it("504 that says so, with Retry-After, and the breaker stays closed", async () => {
    gateway.simulator.faults.set({ port: "client", route: "/client/send", fault: { kind: "delay", ms: 1000 } });
    const mail = { from: "tony@example.com", to: ["pepper@example.com"], subject: "Lunch", text: "At noon?" };
    const send = gateway.request("/api/v1/mail/send", { token: admin.token, body: mail });
    await vi.waitUntil(() => gateway.simulator.requests.at(-1)?.target.startsWith("/client/send"), { interval: 5 });
    for (const answer of await burst("client", 6)) {
      expect(answer.status).toBe(504);
      expect(answer.body).toMatchObject({
        code: "upstream_timeout",
        message: "Robin is busy sending a message, and answers nobody else meanwhile. Try again in a moment.",
      });
      expect(answer.headers.get("retry-after")).toBe("10");
    }
    expect((await ask("service", 0)).status).toBe(200);
    expect((await send).status).toBe(200);
    expect(changes).toEqual([]);
  });
});

it("a request's trace goes on to Robin without a collector, and its log line has it and the time that Robin took", async () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const traceparent = `00-${traceId}-00f067aa0ba902b7-00`;
  const headers = { traceparent };
  await gateway.request("/api/v1/queue?state=READY", { token: admin.token, headers });
  expect(gateway.simulator.requests.at(-1)?.headers).toMatchObject({ traceparent });
  await ask("client", 0);
  expect(gateway.simulator.requests.at(-1)?.headers).not.toHaveProperty("traceparent");
  const lines = gateway.logs.filter((line) => line.msg === "request" && line.traceId === traceId);
  expect(lines).toMatchObject([{ endpoint: "/api/v1/queue", status: 200, upstreamMs: expect.any(Number) as number }]);
  expect(lines[0]?.upstreamMs).toBeGreaterThan(0);
});

async function urlOfNobody(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
