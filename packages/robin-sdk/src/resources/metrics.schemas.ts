import { z } from "zod";

export const MetricSample = z.object({
  /** The family's name, or with a suffix such as `_count`, `_sum` and `_bucket`. */
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  /** May be NaN and, for limits that are none, -1 or infinite. Neither survives JSON. */
  value: z.union([z.number(), z.nan(), z.literal(Infinity), z.literal(-Infinity)]),
  /** Robin sets none. */
  at: z.date().exactOptional(),
});
export type MetricSample = z.infer<typeof MetricSample>;

export const MetricFamily = z.object({
  /** Prometheus name with its unit: `robin_email_receipt_start_total`, `jvm_memory_used_bytes`. */
  name: z.string(),
  type: z.enum(["counter", "gauge", "summary", "histogram", "untyped"]),
  help: z.string().exactOptional(),
  samples: z.array(MetricSample),
});
export type MetricFamily = z.infer<typeof MetricFamily>;
