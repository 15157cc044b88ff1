/**
 * `npm test`: every check of this repository. Arguments go to vitest, such as `npm test -- packages/db`; with a filter
 * the coverage is not measured. The last line is always `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { generateIfNeeded } from "../packages/db/scripts/generate.ts";
import { root, runCommand } from "./command.ts";
import { ensurePrograms } from "./programs-for-tests.ts";
import { readTestCounts } from "./test-results.ts";

const started = performance.now();
const inCi = process.env.CI === "true";
const filters = process.argv.slice(2);
const steps: { name: string; seconds: number; ok: boolean }[] = [];

async function step(name: string, run: () => boolean | Promise<boolean>): Promise<void> {
  const begin = performance.now();
  console.log(`\n== ${name}`);
  const ok = await run();
  steps.push({ name, seconds: (performance.now() - begin) / 1000, ok });
}

async function succeeds(command: string[], env: NodeJS.ProcessEnv = {}): Promise<boolean> {
  return (await runCommand(command, { env })) === 0;
}

function bin(name: string): string {
  return path.join(root, "node_modules/.bin", name);
}

function generate(): boolean {
  try {
    generateIfNeeded();
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

const leftOut = await ensurePrograms();

await step("prisma generate", generate);
await step("prettier", () => succeeds([bin("prettier"), "--check", "--log-level=warn", "."]));
await step("eslint, tsc", () => {
  const { packageManager } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
    packageManager: string;
  };
  // turbo calls pnpm by name; npx puts it on the PATH from its cache.
  const turbo = `turbo run lint lint:root typecheck typecheck:root --continue=always --concurrency=${Math.max(2, availableParallelism())} --output-logs=errors-only --no-update-notifier`;
  return succeeds(["npx", "-y", "-p", packageManager, "-c", turbo], {
    TURBO_TELEMETRY_DISABLED: "1",
    DO_NOT_TRACK: "1",
  });
});

const reportDir = mkdtempSync(path.join(tmpdir(), "robin-report-"));
const reportFile = path.join(reportDir, "vitest.json");
// The coverage of a part says nothing.
const coverage = filters.length === 0 && leftOut.length === 0 ? ["--coverage"] : [];
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
await step("vitest", () =>
  succeeds([bin("vitest"), "run", ...coverage, ...reporters, ...filters], {
    ROBIN_TEST_LEFT_OUT: leftOut.map(({ file }) => file).join(","),
  }),
);
const counts = readTestCounts(reportFile);
rmSync(reportDir, { recursive: true });

console.log();
for (const { file, why } of leftOut) console.log(`left out: ${file} (${why})`);
for (const { name, seconds, ok } of steps)
  console.log(`${ok ? "ok    " : "FAILED"} ${seconds.toFixed(1).padStart(6)} s  ${name}`);
console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(13)} s  in all`);
if (!steps.every(({ ok }) => ok) || counts.failed > 0 || (inCi && leftOut.length > 0)) process.exitCode = 1;
console.log(`${counts.passed} passed, ${counts.failed} failed`);
