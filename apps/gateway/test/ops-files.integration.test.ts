/** Keeps the alert rules, the dashboard and docs/operations.md in step with what the programs expose. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createMeters as createWorkerMeters } from "../../worker/src/meters.ts";
import { createMetricsPool } from "../src/process-metrics.ts";
import { startTestGateway, type TestGateway } from "./harness.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

interface Rules {
  groups: { rules: { alert: string; expr: string; labels: object; annotations: { runbook: string } }[] }[];
}
interface Dashboard {
  panels: { title: string; targets?: { expr: string }[] }[];
}
const rules = (parse(read("ops/prometheus/alerts.yml")) as Rules).groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read("ops/grafana/robin-gateway.json")) as Dashboard;
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

const keywords = new Set(["and", "or", "unless", "on", "by", "bool", "ignoring", "without"]);

/** What is neither a function, a label nor a keyword of PromQL. */
function metricsIn(query: string): string[] {
  const bare = query
    .replace(/\{[^}]*\}/g, " ")
    .replace(/\[[^\]]*\]/g, " ")
    .replace(/\b(by|on|without|ignoring)\s*\([^)]*\)/g, " ");
  return [...bare.matchAll(/(?<![\w.])[a-z_]\w*(?!\w|\s*\()/gi)]
    .map(([name]) => name)
    .filter((name) => !keywords.has(name));
}

let gateway: TestGateway;
let exposed: Set<string>;
beforeAll(async () => {
  gateway = await startTestGateway();
  const texts = [
    (await gateway.request("/metrics")).text,
    await createMetricsPool({ members: () => [], restarts: () => 0 }).collect(),
    await createWorkerMeters({ counts: () => Promise.resolve(new Map()) }).registry.metrics(),
  ];
  // `up` is Prometheus' own.
  exposed = new Set(["up"]);
  for (const [, name = "", type] of texts.join("\n").matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    exposed.add(name);
    if (type === "histogram") for (const part of ["bucket", "sum", "count"]) exposed.add(`${name}_${part}`);
  }
});
afterAll(() => gateway.close());

it("reads the names of metrics out of a query", () => {
  expect(metricsIn('sum by (a, le) (rate(x_total{b=~"c.*"}[5m])) / (y or z * 0 + 1) > 400e6 unless on (d) w')).toEqual([
    "x_total",
    "y",
    "z",
    "w",
  ]);
});

describe("the alert rules", () => {
  it("ask for metrics that there are", () => {
    const names = rules.flatMap(({ expr }) => metricsIn(expr));
    expect(names.length).toBeGreaterThan(rules.length);
    expect(names.filter((name) => !exposed.has(name))).toEqual([]);
  });

  it("lead to a section of docs/operations.md each, and each section is of a rule", () => {
    const [, sections = ""] = read("docs/operations.md").split("## What each alert means");
    const headings = [...sections.matchAll(/^### (\w+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(rules.map(({ alert }) => alert));
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
    }
  });

  it("are each tried by alerts.test.yml, firing", () => {
    const { tests } = parse(read("ops/prometheus/alerts.test.yml")) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts?: object[] }[] }[];
    };
    const fired = tests.flatMap((test) => test.alert_rule_test).filter(({ exp_alerts = [] }) => exp_alerts.length > 0);
    expect(new Set(fired.map(({ alertname }) => alertname))).toEqual(new Set(rules.map(({ alert }) => alert)));
  });
});

describe("the dashboard", () => {
  it("asks for metrics that there are", () => {
    const names = queries.flatMap(metricsIn);
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => !exposed.has(name))).toEqual([]);
  });

  it("shows every metric of our own", () => {
    const own = [...exposed].filter(
      (name) => /^(gateway|robin|worker)_/.test(name) && !/_(bucket|sum|count)$/.test(name),
    );
    const shown = queries.flatMap(metricsIn).map((name) => name.replace(/_(bucket|sum|count)$/, ""));
    expect(own.filter((name) => !shown.includes(name))).toEqual([]);
  });
});

const promtool = (...args: string[]) => spawnSync("promtool", args, { encoding: "utf8" });

// Its own syntax and arithmetic only Prometheus knows; where its tool is missing, the tests above are what there is.
describe.runIf(promtool("--version").status === 0)("promtool", () => {
  it("finds nothing wrong with the rules, and they fire as they should", () => {
    const { status, stdout, stderr } = promtool("test", "rules", path.join(root, "ops/prometheus/alerts.test.yml"));
    expect({ status, output: stdout + stderr }).toMatchObject({ status: 0 });
  });

  it("can read each query of the dashboard", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "dashboard-"));
    const file = path.join(folder, "rules.json");
    const asRules = queries.map((expr, n) => ({ record: `query:${n}`, expr: expr.replaceAll(/\[\$\w+\]/g, "[5m]") }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules: asRules }] }));
    const { status, stdout, stderr } = promtool("check", "rules", file);
    rmSync(folder, { recursive: true });
    expect({ status, output: stdout + stderr }).toMatchObject({ status: 0 });
  });
});
