import { AggregatorRegistry, Counter, Histogram, Registry } from "prom-client";
import { expect, it } from "vitest";
import { createRequestSeries, durationBuckets } from "./request-series.ts";

/** Requests by endpoint, method, status and seconds. */
const requests: [string, string, number, number][] = [
  ["/api/v1/queue", "GET", 200, 0.0005],
  ["/api/v1/queue", "GET", 200, 0.001],
  ["/api/v1/queue", "GET", 502, 0.0011],
  ["/api/v1/queue", "POST", 201, 30],
  ["/api/v1/users/{id}", "GET", 404, 31],
];

const linesOf = async (registry: Registry) => (await registry.metrics()).split("\n").toSorted();

function count(): Registry {
  const registry = new Registry();
  const seriesOf = createRequestSeries(registry);
  for (const [endpoint, method, status, seconds] of requests) {
    const series = seriesOf(endpoint, method);
    series.count(status);
    series.observe(seconds);
    if (status === 200) series.countCached("hit");
  }
  return registry;
}

function countByPromClient(): Registry {
  const registry = new Registry();
  const registers = [registry];
  const total = new Counter({
    name: "gateway_requests_total",
    help: "Requests that ended, by route and status.",
    labelNames: ["method", "endpoint", "status"],
    registers,
  });
  const cached = new Counter({
    name: "gateway_cache_requests_total",
    help: "Requests that the cache took part in, by what it did.",
    labelNames: ["endpoint", "result"],
    registers,
  });
  const durations = new Histogram({
    name: "gateway_request_duration_seconds",
    help: "Time from a request's head to the end of its answer.",
    labelNames: ["method", "endpoint"],
    buckets: durationBuckets,
    registers,
  });
  for (const [endpoint, method, status, seconds] of requests) {
    total.inc({ method, endpoint, status });
    durations.observe({ method, endpoint }, seconds);
    if (status === 200) cached.inc({ endpoint, result: "hit" });
  }
  return registry;
}

it("shows Prometheus what prom-client would show", async () => {
  const registry = count();
  expect(await linesOf(registry)).toEqual(await linesOf(countByPromClient()));
  expect(await linesOf(registry)).toEqual(await linesOf(countByPromClient()));
});

it("is summed up over processes as prom-client's own series are", async () => {
  const sumOf = async (create: () => Registry) =>
    linesOf(AggregatorRegistry.aggregate([await create().getMetricsAsJSON(), await create().getMetricsAsJSON()]));
  expect(await sumOf(count)).toEqual(await sumOf(countByPromClient));
  expect((await sumOf(count)).join("\n")).toContain(
    'gateway_requests_total{method="GET",endpoint="/api/v1/queue",status="200"} 4',
  );
});
