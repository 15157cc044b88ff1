import { z } from "zod";
import { Instant, instantParam, listParam, textParam } from "../../rest-input.ts";

export const MetricName = z.enum([
  "QUEUE_SIZE",
  "MESSAGES_SENT",
  "MESSAGES_RECEIVED",
  "CONNECTIONS",
  "CPU_USAGE",
  "MEMORY_USAGE",
]);
export type MetricName = z.infer<typeof MetricName>;

const rangeFields = {
  start: instantParam("From then on; an hour before `end` by default.").optional(),
  end: instantParam("Until before then; now by default.").optional(),
};

export const SeriesInput = z.strictObject({
  ...rangeFields,
  metric: listParam(MetricName.options, "Only these; all by default.").optional(),
});
export type SeriesInput = z.infer<typeof SeriesInput>;

export const MetricInput = z.strictObject({
  metric: textParam({ charsMax: 50, description: `One of ${MetricName.options.join(", ")}, in any case.` }),
  ...rangeFields,
});
export type MetricInput = z.infer<typeof MetricInput>;

export const ExportMetricsInput = z.strictObject({
  ...rangeFields,
  format: z
    .enum(["csv", "json"])
    .default("csv")
    .meta({ description: "Lines of timestamp, metric, unit and value, or an array of such objects." }),
});
export type ExportMetricsInput = z.infer<typeof ExportMetricsInput>;

const exampleSeries = {
  startTime: "2026-08-21T09:00:00.000Z",
  endTime: "2026-08-21T10:00:00.000Z",
  interval: 15,
  series: [
    { metric: "QUEUE_SIZE", unit: "items", dataPoints: [{ timestamp: "2026-08-21T09:00:00.000Z", value: 7 }] },
    { metric: "CPU_USAGE", unit: "%", dataPoints: [{ timestamp: "2026-08-21T09:00:00.000Z", value: 12.5 }] },
  ],
};

export const SeriesOutput = z
  .object({
    series: z.array(
      z.object({
        metric: MetricName,
        unit: z.string(),
        dataPoints: z.array(z.object({ timestamp: Instant, value: z.number().min(0) })).meta({
          description:
            "At most 300. Each stands for `interval` from its time on: the average of a level, the number of messages; the time of the last one may not be over. Where nothing was sampled there is no point.",
        }),
      }),
    ),
    startTime: Instant,
    endTime: Instant,
    interval: z.int().min(1).meta({ description: "Seconds." }),
  })
  .meta({ id: "MetricSeries", examples: [exampleSeries] });
export type SeriesOutput = z.infer<typeof SeriesOutput>;

const Count = z.int().min(0);
const Percent = z.number().min(0).max(100);

export const SystemOutput = z
  .object({
    timestamp: Instant.meta({ description: "When Robin said so." }),
    cpu: z.object({
      usage: Percent.optional().meta({ description: "Percent, of the whole machine." }),
      cores: z.int().min(1).optional(),
      loadAverage: z.array(z.number().min(0)).optional().meta({ description: "Of the last minute." }),
    }),
    memory: z
      .object({ total: z.number().positive(), used: z.number().min(0), free: z.number().min(0), usagePercent: Percent })
      .meta({ description: "Bytes of Robin's Java heap: of the machine's memory Robin does not tell." }),
    uptime: z.number().min(0).meta({ description: "Of Robin, in milliseconds." }),
  })
  .meta({
    id: "SystemStats",
    description: "There is nothing about disks: Robin does not tell.",
    examples: [
      {
        timestamp: "2026-08-21T10:00:00.000Z",
        cpu: { usage: 12.5, cores: 4, loadAverage: [0.42] },
        memory: { total: 1073741824, used: 442499072, free: 631242752, usagePercent: 41.21 },
        uptime: 353225000,
      },
    ],
  });
export type SystemOutput = z.infer<typeof SystemOutput>;

export const QueueStatsOutput = z
  .object({
    timestamp: Instant.meta({ description: "When Robin said so." }),
    queueSize: Count.meta({ description: "Waiting or in delivery." }),
    processing: Count.meta({ description: "In delivery." }),
    failed: Count.meta({ description: "Dead, by Robin's counter, which drifts upwards." }),
    completed: Count.meta({
      description: "Delivered over LMTP since Robin's start; Robin counts no other deliveries.",
    }),
    retrying: Count.optional().meta({ description: "Of those in the queue, tried before." }),
    throughput: z.number().min(0).optional().meta({
      description: "Messages delivered over LMTP, per minute of the last five. Absent when none was ever.",
    }),
  })
  .meta({
    id: "QueueStats",
    examples: [
      { timestamp: "2026-08-21T10:00:00.000Z", queueSize: 7, processing: 1, failed: 0, completed: 1520, retrying: 3 },
    ],
  });
export type QueueStatsOutput = z.infer<typeof QueueStatsOutput>;
