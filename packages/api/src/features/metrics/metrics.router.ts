import { csvMediaType } from "../../csv.ts";
import { DownloadOutput } from "../../download.ts";
import { NoInput } from "../../rest-input.ts";
import { procedure, robinProcedure, router } from "../../trpc.ts";
import { exportMetrics } from "./metrics-export.service.ts";
import { metricSeries, oneMetric } from "./metrics-series.service.ts";
import { queueStats, systemStats } from "./metrics-stats.service.ts";
import {
  ExportMetricsInput,
  MetricInput,
  QueueStatsOutput,
  SeriesInput,
  SeriesOutput,
  SystemOutput,
} from "./metrics.schemas.ts";

const permission = "VIEW_METRICS";
const tags = ["Metrics"];

export const metricsRouter = router({
  series: procedure
    .meta({
      permission,
      openapi: {
        method: "GET",
        path: "/metrics",
        tags,
        summary: "How Robin was doing: queue, messages, connections, CPU and memory over time",
        description:
          "From samples, kept as taken for a day, by minutes for a week, by five minutes for 30 days and by hours for a year. MESSAGES_SENT counts deliveries over LMTP, the only ones that Robin counts, and is 0 while Robin has no LMTP pool. About disks Robin tells nothing.",
      },
    })
    .input(SeriesInput)
    .output(SeriesOutput)
    .query(({ ctx, input }) => metricSeries(ctx, input)),

  system: robinProcedure
    .meta({
      permission,
      openapi: {
        method: "GET",
        path: "/metrics/system",
        tags,
        summary: "CPU, memory and uptime now",
        description: "From the newest sample, or from Robin itself when there is none of the last 90 seconds.",
      },
    })
    .input(NoInput)
    .output(SystemOutput)
    .query(({ ctx }) => systemStats(ctx)),

  queue: robinProcedure
    .meta({
      permission,
      openapi: {
        method: "GET",
        path: "/metrics/queue",
        tags,
        summary: "What the mail queue holds now",
        description: "From the newest sample, or from Robin itself when there is none of the last 90 seconds.",
      },
    })
    .input(NoInput)
    .output(QueueStatsOutput)
    .query(({ ctx }) => queueStats(ctx)),

  export: procedure
    .meta({
      permission,
      download: [csvMediaType, "application/json"],
      openapi: {
        method: "GET",
        path: "/metrics/export",
        tags,
        summary: "The samples of a period as a file",
        description: "All of them, the oldest first, in the finest resolution that is kept since `start`.",
      },
    })
    .input(ExportMetricsInput)
    .output(DownloadOutput)
    .query(({ ctx, input }) => exportMetrics(ctx, input)),

  get: procedure
    .meta({
      permission,
      errors: ["not_implemented"],
      openapi: { method: "GET", path: "/metrics/{metric}", tags, summary: "One metric over time" },
    })
    .input(MetricInput)
    .output(SeriesOutput)
    .query(({ ctx, input }) => oneMetric(ctx, input)),
});
