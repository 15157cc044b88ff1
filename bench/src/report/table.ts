import { asked, type Limit, meets } from "../asked.ts";
import type { Figure, Unit } from "../scenario.ts";

export interface Row extends Figure {
  scenario: string;
  asked?: Limit;
  ok?: boolean;
}

/** Adds the verdicts; an asked-for figure that is missing is an error of the scenario when it ran in full. */
export function judge(scenario: string, figures: readonly Figure[], { complete }: { complete: boolean }): Row[] {
  const limits = asked[scenario] ?? {};
  const missing = complete && Object.keys(limits).find((name) => !figures.some((figure) => figure.name === name));
  if (missing) throw new Error(`The scenario ${scenario} does not tell: ${missing}.`);
  return figures.map((figure) => {
    const limit = isSpeed(figure.unit) ? undefined : limits[figure.name];
    return { scenario, ...figure, ...(limit && { asked: limit, ok: meets(figure.value, limit) }) };
  });
}

const isSpeed = (unit: Unit): boolean => unit === "requests/s" || unit === "requests/CPU-s";

export function formatValue(value: number, unit: Unit): string {
  if (unit === "ratio") return value.toFixed(2);
  if (unit === "ms") return `${value.toFixed(2)} ms`;
  if (unit === "s") return `${value.toFixed(2)} s`;
  if (unit === "MB" || unit === "MB/min") return `${value.toFixed(1)} ${unit}`;
  const whole = Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
  return unit === "count" ? whole : `${whole} ${unit}`;
}

function formatLimit(limit: Limit | undefined): string {
  if (!limit) return "";
  return "atLeast" in limit ? `>= ${limit.atLeast}` : `<= ${limit.atMost}`;
}

export const columns = ["scenario", "figure", "measured", "asked", ""] as const;

export function cells(row: Row): string[] {
  const verdict = row.ok === undefined ? "" : row.ok ? "ok" : "MISSED";
  return [row.scenario, row.name, formatValue(row.value, row.unit), formatLimit(row.asked), verdict];
}

/** With blanks, for a terminal. */
export function textTable(rows: readonly Row[]): string {
  const table = [[...columns], ...rows.map(cells)];
  const widths = columns.map((_unused, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  return table
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
