import { html, text } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { RouteContext } from "../http/route-context.ts";
import { printGson } from "../java/gson-writer.ts";
import type { Meter, Timer } from "./metrics-model.ts";

type Labels = Readonly<Record<string, string>>;

/** Any method. Neither the version that Prometheus knows in the content type, nor another format when asked for one. */
export const prometheus = ({ metrics }: RouteContext): Answer =>
  text(200, metrics.read().map(prometheusFamily).join(""));

/** One line per measurement without its labels, so names repeat; times are milliseconds. */
export function graphite({ metrics }: RouteContext): Answer {
  const now = metrics.nowSeconds();
  const lines = metrics
    .read()
    .flatMap((meter) => measurements(meter).map((value) => `${meter.name} ${print(value)} ${now}\n`));
  return text(200, lines.join(""));
}

export const metricsPage = (): Answer =>
  html(
    200,
    `<!DOCTYPE html>
<html lang="en">
<head>
    <meta charset="UTF-8">
    <title>Metrics Charts</title>
    <style></style>
    <script></script>
</head>
<body>
<header class="header">
    <svg></svg>
    <h1>Metrics Charts</h1>
</header>
<div id="charts-container"></div>
<script></script>
</body>
</html>`,
  );

const measurements = (meter: Meter | Timer): number[] =>
  meter.type === "timer"
    ? meter.samples.flatMap(({ count, sum }) => [count, sum * 1000, 0])
    : meter.samples.map(({ value }) => value);

function prometheusFamily(meter: Meter | Timer): string {
  if (meter.type === "timer") return timerFamilies(meter);
  const unit = meter.unit === undefined ? "" : `_${meter.unit}`;
  const name = `${meter.name}${unit}${meter.type === "counter" ? "_total" : ""}`;
  const lines = meter.samples.map(({ labels, value }) => `${name}${printLabels(labels)} ${print(value)}\n`);
  return head(name, meter.help, meter.type) + lines.join("");
}

function timerFamilies({ name, help, samples }: Timer): string {
  const seconds = `${name}_seconds`;
  const sums = samples.map(({ labels, count, sum }) => {
    const shown = printLabels(labels);
    return `${seconds}_count${shown} ${count}\n${seconds}_sum${shown} ${print(sum)}\n`;
  });
  const maxima = samples.map(({ labels }) => `${seconds}_max${printLabels(labels)} 0.0\n`);
  return head(seconds, help, "summary") + sums.join("") + head(`${seconds}_max`, help, "gauge") + maxima.join("");
}

const head = (name: string, help: string, type: string): string => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;

function printLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const print = (value: number): string => (Number.isNaN(value) ? "NaN" : printGson({ javaDouble: value }));
