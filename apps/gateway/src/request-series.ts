import type { CacheResult } from "@robin/api";
import type { Counter, Histogram } from "prom-client";

/** The series of one endpoint and method. */
export interface RequestSeries {
  count(status: number): void;
  observe(seconds: number): void;
  countCached(result: CacheResult): void;
}

interface RequestMetrics {
  /** By method, endpoint and status. */
  requests: Counter;
  /** By method and endpoint. */
  durations: Histogram;
  /** By endpoint and result. */
  cached: Counter;
}

/** Looks each label up once: prom-client takes longer to find a series than a cached answer may take. */
export function createRequestSeries(metrics: RequestMetrics): (endpoint: string, method: string) => RequestSeries {
  const byEndpoint = new Map<string, Map<string, RequestSeries>>();
  return (endpoint, method) => {
    let byMethod = byEndpoint.get(endpoint);
    if (!byMethod) byEndpoint.set(endpoint, (byMethod = new Map<string, RequestSeries>()));
    let series = byMethod.get(method);
    if (!series) byMethod.set(method, (series = findSeries(metrics, endpoint, method)));
    return series;
  };
}

function findSeries({ requests, durations, cached }: RequestMetrics, endpoint: string, method: string): RequestSeries {
  const byStatus = new Map<number, Counter.Internal>();
  const byResult = new Map<CacheResult, Counter.Internal>();
  const duration = durations.labels(method, endpoint);
  return {
    count(status) {
      let counter = byStatus.get(status);
      if (!counter) byStatus.set(status, (counter = requests.labels(method, endpoint, String(status))));
      counter.inc();
    },
    observe(seconds) {
      duration.observe(seconds);
    },
    countCached(result) {
      let counter = byResult.get(result);
      if (!counter) byResult.set(result, (counter = cached.labels(endpoint, result)));
      counter.inc();
    },
  };
}
