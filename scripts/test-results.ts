import { readFileSync } from "node:fs";

type JsonReport = {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
};

export type TestCounts = { passed: number; failed: number };

/**
 * Reads the JSON report of vitest. A file that failed before its first test counts as one failure, and so does a report
 * that is missing, because then no test has run.
 */
export function readTestCounts(file: string): TestCounts {
  let report: JsonReport;
  try {
    report = JSON.parse(readFileSync(file, "utf8")) as JsonReport;
  } catch {
    return { passed: 0, failed: 1 };
  }
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
}
