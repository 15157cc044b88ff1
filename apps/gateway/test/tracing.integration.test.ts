import { startTracing, type Tracing, type TracingConfig } from "@robin/tracing";
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver, valuesOf } from "./otlp-receiver.ts";

const config: Omit<TracingConfig, "url"> = {
  serviceName: "robin-gateway",
  serviceVersion: "1.2.3",
  sampler: "parentbased_always_on",
  samplerArg: 1,
  onProblem: () => undefined,
};
const parentId = "00f067aa0ba902b7";
const [sampledId, unsampledId] = ["a".repeat(32), "b".repeat(32)];

let gateway: TestGateway;
let collector: OtlpReceiver;
let tracing: Tracing;
let admin: SignedIn;
/** Of the request that came without a trace. */
let ownId: unknown;
beforeAll(async () => {
  collector = await startOtlpReceiver();
  tracing = await startTracing({ ...config, url: collector.url });
  gateway = await startTestGateway({ tracing, simulator: { items: 3 } });
  admin = await gateway.signIn();
  const ask = (path: string, traceparent?: string) =>
    gateway.request(path, { token: admin.token, headers: traceparent === undefined ? {} : { traceparent } });
  gateway.simulator.faults.set({
    port: "client",
    route: "/client/queue/list",
    fault: { kind: "status", status: 500 },
    times: 1,
  });
  await ask("/api/v1/queue?state=DEAD&limit=77", `00-${sampledId}-${parentId}-01`);
  await ask("/api/v1/queue?state=READY", `00-${unsampledId}-${parentId}-00`);
  const answer = await ask("/queue?state=CLAIMED");
  await ask("/nothing/here");
  await ask("/api/v1/auth/me", "00-not-a-trace-01");
  const requestId = answer.headers.get("x-request-id");
  ownId = gateway.logs.find((line) => line.requestId === requestId)?.traceId;
  await tracing.close(2000);
});
afterAll(async () => {
  await gateway.close();
  await collector.close();
});

const spansOf = (traceId: unknown): ReceivedSpan[] => collector.spans().filter((span) => span.traceId === traceId);
const sentToRobin = (traceId: string) =>
  gateway.simulator.requests.map(({ headers }) => String(headers.traceparent)).filter((each) => each.includes(traceId));

describe("a request that came with a sampled trace", () => {
  it("has a server span below its caller's, named by the route, without the query", () => {
    const server = spansOf(sampledId).find(({ kind }) => kind === 2);
    expect(server).toMatchObject({ name: "GET /api/v1/queue", parentSpanId: parentId, status: { code: 2 } });
    expect(valuesOf(server?.attributes ?? [])).toMatchObject({
      "http.request.method": "GET",
      "http.route": "/api/v1/queue",
      "url.path": "/api/v1/queue",
      "http.response.status_code": 502,
      "error.type": "502",
      "gateway.request_id": expect.any(String) as string,
    });
    expect(Number(server?.endTimeUnixNano)).toBeGreaterThan(Number(server?.startTimeUnixNano));
  });

  it("has a client span for its call to Robin, which is what Robin is told", () => {
    const server = spansOf(sampledId).find(({ kind }) => kind === 2);
    const [client, ...others] = spansOf(sampledId).filter(({ kind }) => kind === 3);
    expect(others).toEqual([]);
    expect(client).toMatchObject({ name: "GET /client/queue/list", parentSpanId: server?.spanId, status: { code: 2 } });
    expect(valuesOf(client?.attributes ?? [])).toMatchObject({
      "peer.service": "robin",
      "robin.port": "client",
      "http.response.status_code": 500,
      "error.type": "http",
    });
    expect(sentToRobin(sampledId)).toEqual([`00-${sampledId}-${client?.spanId ?? ""}-01`]);
  });
});

it("a request of a trace that is not sampled has no spans, and Robin is told so", () => {
  expect(spansOf(unsampledId)).toEqual([]);
  expect(sentToRobin(unsampledId).length).toBeGreaterThan(0);
  for (const traceparent of sentToRobin(unsampledId)) expect(traceparent).toMatch(/-00$/);
});

it("a request without a trace begins one, which its log line names", () => {
  expect(ownId).toMatch(/^[\da-f]{32}$/);
  expect(
    spansOf(ownId)
      .map(({ name }) => name)
      .sort(),
  ).toContain("GET /api/v1/queue");
  expect(spansOf(ownId).find(({ kind }) => kind === 2)).not.toHaveProperty("parentSpanId");
});

it("a header that is no trace is none, and a path that is no route is no name", () => {
  const names = collector.spans().map(({ name }) => name);
  expect(names).toContain("GET unmatched");
  expect(names).toContain("GET /api/v1/auth/me");
});

it("the traces say which service they are of, and hold neither tokens nor passwords nor queries", () => {
  expect(collector.resource()).toMatchObject({ "service.name": "robin-gateway", "service.version": "1.2.3" });
  for (const secret of [admin.token, "limit=77", admin.username]) expect(collector.text()).not.toContain(secret);
});

it("an answer that was made before it was known to be a request of a trace gets its span after the fact", async () => {
  const late = await startTracing({ ...config, url: collector.url });
  const traceId = "c".repeat(32);
  const request = {
    method: "GET",
    endpoint: "/api/v1/queue",
    path: "/queue",
    status: 200,
    requestId: "r",
    cache: "hit",
  };
  const startedAt = performance.now() - 5;
  late.endRequest({ ...request, startedAt, traceparent: `00-${traceId}-${parentId}-01` });
  late.endRequest({ ...request, startedAt, traceparent: `00-${unsampledId}-${parentId}-00` });
  late.endRequest({ ...request, startedAt, method: "PURGE", status: 405, traceparent: undefined });
  await late.close(2000);
  const [span] = spansOf(traceId);
  expect(span).toMatchObject({ name: "GET /api/v1/queue", kind: 2, parentSpanId: parentId });
  expect(valuesOf(span?.attributes ?? [])).toMatchObject({ "gateway.cache": "hit" });
  const durationMs = (Number(span?.endTimeUnixNano) - Number(span?.startTimeUnixNano)) / 1e6;
  expect(durationMs).toBeGreaterThanOrEqual(4.9);
  expect(durationMs).toBeLessThan(1000);
  expect(spansOf(unsampledId)).toEqual([]);
  expect(collector.spans().map(({ name }) => name)).toContain("_OTHER /api/v1/queue");
});

it.each([
  ["always_off", 1, 0],
  ["parentbased_always_off", 1, 0],
  ["traceidratio", 0, 0],
  ["parentbased_traceidratio", 1, 1],
] as const)("a trace that begins here with %s of %s is kept %s times", async (sampler, samplerArg, count) => {
  const sampled = await startTracing({ ...config, sampler, samplerArg, url: collector.url });
  const traceparent = sampled.beginRequest(undefined);
  const request = {
    method: "GET",
    endpoint: "/x",
    path: "/x",
    status: 200,
    requestId: "r",
    startedAt: performance.now(),
  };
  sampled.endRequest({ ...request, traceparent });
  await sampled.close(2000);
  expect(spansOf(traceparent.split("-")[1])).toHaveLength(count);
});

it("a collector that is away costs requests nothing, is reported once, and does not hold the end up", async () => {
  const problems: string[] = [];
  const away = await startTracing({
    ...config,
    url: "http://127.0.0.1:1/v1/traces",
    onProblem: (problem) => problems.push(problem),
  });
  const beside = await startTestGateway({ beside: gateway, tracing: away });
  expect((await beside.request("/api/v1/queue", { token: admin.token })).status).toBe(200);
  await beside.close();
  const startedAt = performance.now();
  await away.close(300);
  expect(performance.now() - startedAt).toBeLessThan(1000);
  await expect.poll(() => problems.length).toBeLessThanOrEqual(1);
});

describe("OpenTelemetry's modules", () => {
  const script = fileURLToPath(new URL("./loaded-modules.ts", import.meta.url));
  const loadedBy = async (...args: string[]) => (await once(fork(script, args), "message"))[0] as string[];

  it("are not loaded where no collector is set", async () => {
    expect(await loadedBy()).toEqual([]);
    expect((await loadedBy("http://127.0.0.1:1/v1/traces")).length).toBeGreaterThan(10);
  });
});
