import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readHistory, type Run } from "./history.ts";
import { cells } from "./table.ts";

const root = path.join(import.meta.dirname, "../../..");
const file = path.join(root, "docs/performance.md");
const block = /(<!-- bench: begin -->\n)[^]*?(<!-- bench: end -->)/;

/** The newest result of each scenario, as Markdown. */
export function resultsAsMarkdown(history: readonly Run[]): string {
  const newest = new Map(history.flatMap((run) => run.results.map((result) => [result.scenario, { run, result }])));
  const rows = [...newest.values()].flatMap(({ run, result }) =>
    result.rows
      .filter(({ unit }) => unit !== "requests/CPU-s")
      .map((row) => `| ${[...cells(row), `${run.date.slice(0, 10)} ${run.commit}`].join(" | ")} |`),
  );
  const notes = [...newest.values()].flatMap(({ result }) =>
    result.notes.map((note) => `- ${result.scenario}: ${note}`),
  );
  const machines = new Set([...newest.values()].map(({ run }) => describeMachine(run)));
  return [
    ...[...machines].map((machine) => `Measured on ${machine}.`),
    "",
    "| scenario | figure | measured | asked | verdict | run |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    ...notes,
    "",
  ].join("\n");
}

function describeMachine({ machine, program }: Run): string {
  const { cpu, cores, memoryGb, system, node, load, pinned } = machine;
  return `${cores} cores of ${cpu}, ${memoryGb} GB, ${system}, Node ${node}, load by ${load}, ${pinned ? "pinned" : "not pinned"}, the gateway as ${program}`;
}

/** Throws when docs/performance.md has lost its marks. */
export function writeDocs(): void {
  const text = readFileSync(file, "utf8");
  if (!block.test(text)) throw new Error("docs/performance.md has no place for the results.");
  const results = resultsAsMarkdown(readHistory());
  writeFileSync(
    file,
    text.replace(block, (_all, begin: string, end: string) => `${begin}\n${results}\n${end}`),
  );
  execFileSync(path.join(root, "node_modules/.bin/prettier"), ["--write", "--log-level=warn", file], { cwd: root });
}
