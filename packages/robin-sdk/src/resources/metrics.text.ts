import { InvalidResponseError } from "../errors.ts";
import type { MetricFamily, MetricSample } from "./metrics.schemas.ts";

const familyTypes = ["counter", "gauge", "summary", "histogram", "untyped"] as const;
const sampleSuffix = /_(count|sum|bucket)$/;
const sampleLine = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+(-?\d+))?$/;
const label = /\s*([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"\s*(?:,|$)/gy;

/**
 * Reads the classic Prometheus text format. Pure. No library on npm does this that is both small and looked after, and
 * the format is a page long. Throws InvalidResponseError for a line that is none of it.
 */
export function parsePrometheusText(text: string): MetricFamily[] {
  const families = new Map<string, MetricFamily>();
  const familyOf = (name: string): MetricFamily => {
    const known = families.get(name);
    if (known) return known;
    const family: MetricFamily = { name, type: "untyped", samples: [] };
    families.set(name, family);
    return family;
  };
  for (const line of text.split("\n")) {
    const trimmed = line.trim();
    if (trimmed === "") continue;
    if (trimmed.startsWith("#")) readComment(trimmed, familyOf);
    else {
      const sample = readSample(trimmed);
      (families.get(sample.name) ?? compound(families, sample.name) ?? familyOf(sample.name)).samples.push(sample);
    }
  }
  return [...families.values()];
}

/** The summary or histogram that `x_count`, `x_sum` or `x_bucket` is a part of. */
function compound(families: ReadonlyMap<string, MetricFamily>, name: string): MetricFamily | undefined {
  const family = families.get(name.replace(sampleSuffix, ""));
  return family?.type === "summary" || family?.type === "histogram" ? family : undefined;
}

function readComment(line: string, familyOf: (name: string) => MetricFamily): void {
  const [, keyword, name, rest = ""] = /^#\s+(HELP|TYPE)\s+(\S+)(?:\s+(.*))?$/.exec(line) ?? [];
  if (keyword === undefined || name === undefined) return;
  const family = familyOf(name);
  if (keyword === "HELP") family.help = unescapeText(rest);
  else family.type = familyTypes.find((type) => type === rest) ?? "untyped";
}

function readSample(line: string): MetricSample {
  const [, name, labels, value, timestamp] = sampleLine.exec(line) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidResponseError("A line of Robin's metrics is no sample");
  return {
    name,
    labels: labels === undefined ? {} : readLabels(labels),
    value: readValue(value),
    ...(timestamp === undefined ? {} : { at: new Date(Number(timestamp)) }),
  };
}

function readLabels(text: string): Record<string, string> {
  const labels: [string, string][] = [];
  let end = 0;
  for (const match of text.matchAll(label)) {
    labels.push([match[1] ?? "", unescapeText(match[2] ?? "")]);
    end = match.index + match[0].length;
  }
  if (text.slice(end).trim() !== "") throw new InvalidResponseError("The labels of one of Robin's metrics are broken");
  return Object.fromEntries(labels);
}

/** Java's doubles (`7.5E7`) are JavaScript's too; the words are Prometheus' own. */
function readValue(text: string): number {
  if (/^[+-]?inf$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  const value = Number(text);
  if (Number.isNaN(value) && text !== "NaN")
    throw new InvalidResponseError("The value of one of Robin's metrics is no number");
  return value;
}

function unescapeText(text: string): string {
  return text.replace(/\\([\\n"])/g, (_match, character: string) => (character === "n" ? "\n" : character));
}
