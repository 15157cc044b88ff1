import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTestCounts } from "./test-results.ts";

let file: string;
beforeEach(() => {
  file = path.join(mkdtempSync(path.join(tmpdir(), "robin-results-")), "vitest.json");
});
afterEach(() => {
  rmSync(path.dirname(file), { recursive: true });
});

describe("readTestCounts", () => {
  it("takes vitest's own numbers, and one failure for a file that failed before its first test", () => {
    const testResults = [
      { status: "failed", assertionResults: [] },
      { status: "failed", assertionResults: [{ status: "failed" }, { status: "passed" }] },
      { status: "passed", assertionResults: [{ status: "passed" }] },
    ];
    writeFileSync(file, JSON.stringify({ numPassedTests: 2, numFailedTests: 1, testResults }));
    expect(readTestCounts(file)).toEqual({ passed: 2, failed: 2 });
  });

  it("counts a missing report as a failure", () => {
    expect(readTestCounts(file)).toEqual({ passed: 0, failed: 1 });
  });
});
