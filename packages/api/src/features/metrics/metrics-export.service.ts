import type { Context } from "../../context.ts";
import { csvMediaType, csvRow } from "../../csv.ts";
import { Download } from "../../download.ts";
import { metricColumns, rangeOf, round } from "./metrics-series.service.ts";
import { type ExportMetricsInput, MetricName } from "./metrics.schemas.ts";
import { finestResolution } from "./resolutions.ts";

/** Rows of the table; each becomes a line for every metric. */
const rowsAtOnce = 500;

interface ExportedValue {
  timestamp: string;
  metric: MetricName;
  unit: string;
  value: number;
}

interface MetricFileFormat {
  mediaType: string;
  head: string;
  separator: string;
  encode: (value: ExportedValue) => string;
  tail: string;
}

const formats: Record<ExportMetricsInput["format"], MetricFileFormat> = {
  csv: {
    mediaType: csvMediaType,
    head: csvRow(["timestamp", "metric", "unit", "value"]),
    separator: "",
    encode: ({ timestamp, metric, unit, value }) => csvRow([timestamp, metric, unit, value]),
    tail: "",
  },
  json: {
    mediaType: "application/json",
    head: "[\n",
    separator: ",\n",
    encode: (value) => JSON.stringify(value),
    tail: "\n]\n",
  },
};

/** As stored, the oldest first, in the finest resolution that reaches back to the start. */
export function exportMetrics({ deps }: Context, input: ExportMetricsInput): Download {
  const { db, clock } = deps;
  const now = clock.now();
  const { start, end } = rangeOf(input, now);
  const { seconds: resolution } = finestResolution(start, now);
  const { mediaType, head, separator, encode, tail } = formats[input.format];

  /** A query for each page, and none between: a slow reader holds neither a transaction nor a connection. */
  async function* file(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(head);
    let before = "";
    for (let rows = await page({ gte: start, lt: end }); rows.length > 0;) {
      const values = rows.flatMap((row) =>
        MetricName.options.flatMap((metric): ExportedValue[] => {
          const { field, unit } = metricColumns[metric];
          const value = row[field];
          return value === null ? [] : [{ timestamp: row.at.toISOString(), metric, unit, value: round(value) }];
        }),
      );
      if (values.length > 0) {
        yield Buffer.from(before + values.map(encode).join(separator));
        before = separator;
      }
      const last = rows.at(-1);
      rows = last && rows.length === rowsAtOnce ? await page({ gt: last.at, lt: end }) : [];
    }
    if (tail !== "") yield Buffer.from(tail);
  }

  const page = (at: { gte?: Date; gt?: Date; lt: Date }) =>
    db.metricSample.findMany({
      where: { resolution, at },
      orderBy: { at: "asc" },
      take: rowsAtOnce,
      omit: { reading: true },
    });

  const stamp = now.toISOString().replaceAll(/[-:]|\..*/g, "");
  return new Download({ fileName: `metrics-${stamp}.${input.format}`, mediaType }, ReadableStream.from(file()));
}
