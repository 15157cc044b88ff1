import { existsSync, readFileSync } from "node:fs";
import { createRobinClient } from "@robin/sdk";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { contractCases, gatewayTest, restPath, robinCoverageDocument } from "../scripts/robin-coverage-document.ts";
import { robinCoverage } from "../scripts/robin-coverage.ts";
import { listProcedures } from "../src/index.ts";

const fromRoot = (path: string): URL => new URL(`../../../${path}`, import.meta.url);

/** Every method of the SDK that asks Robin. */
function sdkMethods(): string[] {
  const api = { url: "http://127.0.0.1:1" };
  const aboutItself = ["breakers", "close", "load"];
  return namesIn(createRobinClient({ clientApi: api, serviceApi: api }), "").filter((it) => !aboutItself.includes(it));
}

function namesIn(resource: object, prefix: string): string[] {
  return Object.entries(resource).flatMap(([name, member]: [string, unknown]) => {
    if (typeof member === "function") return [`${prefix}${name}`];
    return typeof member === "object" && member !== null ? namesIn(member, `${prefix}${name}.`) : [];
  });
}

const methodsOf = (row: (typeof robinCoverage)[number]) => ("leftOut" in row.sdk ? [] : row.sdk);

describe("docs/robin-coverage.md", () => {
  it("is what the table and the procedures say (if not, run: pnpm generate)", async () => {
    const committed = readFileSync(fromRoot("docs/robin-coverage.md"), "utf8");
    expect(committed).toBe(await format(robinCoverageDocument(), { parser: "markdown", printWidth: 120 }));
  });

  it("has every method of the SDK, and none that is not there", () => {
    expect([...new Set(robinCoverage.flatMap(methodsOf))].sort()).toEqual(sdkMethods().sort());
  });

  it("has every procedure that asks Robin, and none that is not there", () => {
    const listed = robinCoverage.flatMap(({ procedures }) => procedures);
    const procedures = listProcedures();
    const asking = procedures.filter(({ meta }) => meta.errors?.includes("upstream_unavailable"));
    // These ask clamd and rspamd.
    const names = asking.flatMap(({ path }) => (path.startsWith("scanners.") ? [] : [path]));
    expect(names.filter((name) => !listed.includes(name))).toEqual([]);
    expect(listed.filter((name) => !procedures.some(({ path }) => path === name))).toEqual([]);
  });

  it("names each route once", () => {
    const routes = robinCoverage.map(({ route }) => route);
    expect(routes.filter((route, index) => routes.indexOf(route) !== index)).toEqual([]);
  });

  it.each(robinCoverage)("$route: the tests are there, and they are about its procedures", (row) => {
    for (const method of methodsOf(row)) expect(existsSync(fromRoot(contractCases(method))), method).toBe(true);
    const texts = row.tests.map((name) => readFileSync(fromRoot(gatewayTest(name)), "utf8"));
    for (const name of row.procedures) {
      const word = /([a-z-]+)[^/]*(?:\/\{[^/]*\})*$/.exec(restPath(name).replace(/ \(.*/, ""))?.[1] ?? name;
      expect([name, texts.some((text) => text.includes(name) || text.includes(word))]).toEqual([name, true]);
    }
  });
});
