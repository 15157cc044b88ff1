import type { CacheResult } from "@robin/api";
import { Counter, type Histogram, type Registry } from "prom-client";

/** From a cached answer to one that has used up its time, in seconds. */
export const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const durationName = "gateway_request_duration_seconds";

/** Requests of one endpoint and method. */
export interface RequestSeries {
  count(status: number): void;
  observe(seconds: number): void;
  countCached(result: CacheResult): void;
}

interface Cells extends RequestSeries {
  method: string;
  endpoint: string;
  byStatus: Map<number, number>;
  byResult: Map<CacheResult, number>;
  /** One for each of `durationBuckets`, not summed up, and one for what is longer. */
  durations: number[];
  totalSeconds: number;
}

/**
 * Counts requests in numbers of its own, which become series when Prometheus asks: prom-client takes longer to find a
 * series than a cached answer may take.
 */
export function createRequestSeries(registry: Registry): (endpoint: string, method: string) => RequestSeries {
  const byEndpoint = new Map<string, Map<string, Cells>>();
  const all: Cells[] = [];
  const registers = [registry];
  new Counter({
    name: "gateway_requests_total",
    help: "Requests that ended, by route and status.",
    labelNames: ["method", "endpoint", "status"],
    registers,
    collect() {
      this.reset();
      for (const { method, endpoint, byStatus } of all) {
        for (const [status, count] of byStatus) this.inc({ method, endpoint, status }, count);
      }
    },
  });
  new Counter({
    name: "gateway_cache_requests_total",
    help: "Requests that the cache took part in, by what it did.",
    labelNames: ["endpoint", "result"],
    registers,
    collect() {
      this.reset();
      for (const { endpoint, byResult } of all) {
        for (const [result, count] of byResult) this.inc({ endpoint, result }, count);
      }
    },
  });
  // As far as a registry looks at it, it is one.
  registry.registerMetric(durationsOf(all) as unknown as Histogram);

  return (endpoint, method) => {
    let byMethod = byEndpoint.get(endpoint);
    if (!byMethod) byEndpoint.set(endpoint, (byMethod = new Map<string, Cells>()));
    let cells = byMethod.get(method);
    if (!cells) {
      byMethod.set(method, (cells = createCells(endpoint, method)));
      all.push(cells);
    }
    return cells;
  };
}

function createCells(endpoint: string, method: string): Cells {
  const byStatus = new Map<number, number>();
  const byResult = new Map<CacheResult, number>();
  const durations = new Array<number>(durationBuckets.length + 1).fill(0);
  const cells: Cells = {
    method,
    endpoint,
    byStatus,
    byResult,
    durations,
    totalSeconds: 0,
    count(status) {
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    },
    observe(seconds) {
      let bucket = 0;
      while (seconds > (durationBuckets[bucket] ?? Infinity)) bucket += 1;
      durations[bucket] = (durations[bucket] ?? 0) + 1;
      cells.totalSeconds += seconds;
    },
    countCached(result) {
      byResult.set(result, (byResult.get(result) ?? 0) + 1);
    },
  };
  return cells;
}

/** What a registry asks of a histogram. */
function durationsOf(all: readonly Cells[]) {
  const type = "histogram";
  const help = "Time from a request's head to the end of its answer.";
  return {
    name: durationName,
    type,
    help,
    get: () =>
      Promise.resolve({
        name: durationName,
        type,
        help,
        aggregator: "sum",
        values: all.flatMap((each) => valuesOf(each)),
      }),
  };
}

function valuesOf({ method, endpoint, durations, totalSeconds }: Cells) {
  let count = 0;
  const buckets = durations.map((inBucket, n) => {
    count += inBucket;
    const labels = { le: durationBuckets[n] ?? "+Inf", method, endpoint };
    return { labels, value: count, metricName: `${durationName}_bucket` };
  });
  const labels = { method, endpoint };
  return [
    ...buckets,
    { labels, value: totalSeconds, metricName: `${durationName}_sum` },
    { labels, value: count, metricName: `${durationName}_count` },
  ];
}
