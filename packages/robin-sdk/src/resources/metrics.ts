import type { CallOptions, Transport } from "../transport.ts";
import type { MetricFamily } from "./metrics.schemas.ts";
import { parsePrometheusText } from "./metrics.text.ts";

/** Robin's meters. The method rejects with RobinError and is tried again once on a broken connection. */
export interface MetricsResource {
  /**
   * All families, sorted by name: 17 counters of Robin's (`robin_...`), then those of its JVM. Robin counts what comes
   * in; nothing tells about its queue or about deliveries, see `health.service` for those. Sizes are bytes, times
   * seconds, except `process_cpu_time_ns_total`. Counters begin anew when Robin starts. `GET /metrics/prometheus`.
   * (Its Graphite form has neither labels nor units and is left out.)
   */
  read(options?: CallOptions): Promise<MetricFamily[]>;
}

export function createMetricsResource(transport: Transport): MetricsResource {
  return {
    read: (options) =>
      transport.call(
        {
          service: "service",
          method: "GET",
          endpoint: "/metrics/prometheus",
          mediaType: "text/plain",
          large: true,
          parse: (body) => parsePrometheusText(body.toString("utf8")),
        },
        options,
      ),
  };
}
