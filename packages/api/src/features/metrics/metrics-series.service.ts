import type { Context } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { readSeries, type StoredSample } from "./metric-store.ts";
import { type MetricInput, MetricName, type SeriesInput, type SeriesOutput } from "./metrics.schemas.ts";
import { seriesWindow, type TimeRange } from "./resolutions.ts";
import type { SampleValues } from "./sample.ts";

const hourMs = 60 * 60 * 1000;

/** Where each metric is kept, and what its values count. */
export const metricColumns: Record<MetricName, { field: keyof SampleValues; unit: string }> = {
  QUEUE_SIZE: { field: "queueSize", unit: "items" },
  MESSAGES_SENT: { field: "sent", unit: "messages (LMTP)" },
  MESSAGES_RECEIVED: { field: "received", unit: "messages" },
  CONNECTIONS: { field: "connections", unit: "connections" },
  CPU_USAGE: { field: "cpuPercent", unit: "%" },
  MEMORY_USAGE: { field: "memoryPercent", unit: "%" },
};

/** @throws AppError `invalid_input` unless the start comes before the end. */
export function rangeOf(input: { start?: Date | undefined; end?: Date | undefined }, now: Date): TimeRange {
  const { end = now } = input;
  const { start = new Date(Math.max(0, end.getTime() - hourMs)) } = input;
  if (start < end) return { start, end };
  const issues = [{ path: "start", message: input.end ? "is not before end" : "is not in the past" }];
  throw new AppError("invalid_input", "The input is not valid.", { issues });
}

/** From the resolution that fits, in one query. Robin is not asked. */
export async function metricSeries({ deps }: Context, input: SeriesInput): Promise<SeriesOutput> {
  const now = deps.clock.now();
  const range = rangeOf(input, now);
  const window = seriesWindow(range, now);
  const rows = await readSeries(deps.db, window);
  const names = input.metric ?? MetricName.options;
  return {
    startTime: range.start,
    endTime: range.end,
    interval: window.stepSeconds,
    series: names.map((metric) => ({
      metric,
      unit: metricColumns[metric].unit,
      dataPoints: pointsOf(metric, rows),
    })),
  };
}

/** @throws AppError `not_found` for a name that no metric has; `not_implemented` for the one that Robin cannot tell. */
export function oneMetric(ctx: Context, { metric, ...range }: MetricInput): Promise<SeriesOutput> {
  const name = MetricName.options.find((known) => known === metric.toUpperCase());
  if (name) return metricSeries(ctx, { ...range, metric: [name] });
  if (metric.toUpperCase() === "DISK_USAGE") {
    throw new AppError("not_implemented", "Robin does not tell how full its disks are.");
  }
  throw new AppError("not_found", `There is no metric of this name. There are ${MetricName.options.join(", ")}.`);
}

function pointsOf(metric: MetricName, rows: readonly StoredSample[]) {
  const { field } = metricColumns[metric];
  const usable = field === "sent" || field === "received" ? inPairs(rows) : rows;
  return usable.flatMap(({ at, [field]: value }) => (value === null ? [] : [{ timestamp: at, value: round(value) }]));
}

/** The UI draws what was received under the times of what was sent, by position: a point that one lacks shifts the rest. */
function inPairs(rows: readonly StoredSample[]): readonly StoredSample[] {
  const pairs = rows.filter(({ sent, received }) => sent !== null && received !== null);
  return pairs.length > 0 ? pairs : rows;
}

/** Two digits are more than any of the values is worth. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
