import { describe, expect, it } from "vitest";
import { asked } from "../asked.ts";
import { scenarios } from "../scenarios/index.ts";
import { percentile, slope } from "../statistics.ts";
import { resultsAsMarkdown } from "./docs.ts";
import type { Run } from "./history.ts";
import { formatValue, judge, textTable } from "./table.ts";

describe("judge", () => {
  it("says which asked-for figures are reached", () => {
    const figures = [
      { name: "of bare node:http", value: 0.61, unit: "ratio" },
      { name: "of Express", value: 0.94, unit: "ratio" },
      { name: "gateway", value: 20_000, unit: "requests/s" },
    ] as const;
    const rows = judge("queue-hit", figures, { complete: true });
    expect(rows.map(({ ok }) => ok)).toEqual([true, false, undefined]);
    expect(textTable(rows)).toMatch(/of Express +0\.94 +>= 0\.95 +MISSED/);
  });

  it("refuses a full run that does not tell what was asked for", () => {
    expect(() => judge("verify", [], { complete: true })).toThrow(
      "The scenario verify does not tell: of bare node:http.",
    );
    expect(judge("verify", [], { complete: false })).toEqual([]);
  });

  it("does not take what could not be measured for reached", () => {
    expect(judge("start", [{ name: "CPU time", value: NaN, unit: "s" }], { complete: false })[0]?.ok).toBe(false);
  });

  it("asks for nothing of scenarios that do not exist", () => {
    const names = scenarios.map(({ name }) => name);
    expect(Object.keys(asked).filter((name) => !names.includes(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("statistics", () => {
  it("finds percentiles and slopes", () => {
    expect(percentile([5, 1, 4, 2, 3], 0.5)).toBe(3);
    expect(percentile([5, 1, 4, 2, 3], 0.99)).toBe(5);
    expect(percentile([], 0.5)).toBeNaN();
    expect(
      slope([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
    ).toBe(2);
  });

  it("writes large numbers so that they can be read", () => {
    expect(formatValue(1234567.4, "requests/s")).toBe("1,234,567 requests/s");
  });
});

it("the document shows the newest result of each scenario", () => {
  const machine = { cpu: "A", cores: 2, memoryGb: 4, system: "linux", node: "v24", load: "wrk", pinned: true };
  const run = (commit: string, scenario: string, value: number): Run => ({
    date: "2026-11-23T20:00:00.000Z",
    commit,
    clean: true,
    program: "bundle",
    machine,
    results: [
      {
        scenario,
        seconds: 1,
        notes: [],
        rows: judge(scenario, [{ name: "of bare node:http", value, unit: "ratio" }], { complete: false }),
      },
    ],
  });
  const text = resultsAsMarkdown([run("aaa", "verify", 0.1), run("bbb", "health-hit", 0.7), run("ccc", "verify", 0.6)]);
  expect(text).toContain("| verify | of bare node:http | 0.60 | >= 0.5 | ok | 2026-11-23 ccc |");
  expect(text).toContain("| health-hit | of bare node:http | 0.70 | >= 0.65 | ok | 2026-11-23 bbb |");
  expect(text).not.toContain("aaa");
});
