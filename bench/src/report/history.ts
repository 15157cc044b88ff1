import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import path from "node:path";
import { loadGenerator } from "../load/load.ts";
import { canPin } from "../machine/cores.ts";
import type { Row } from "./table.ts";

export interface Run {
  date: string;
  commit: string;
  /** Whether the work tree was as committed. */
  clean: boolean;
  /** What was measured: a bundle or the sources. */
  program: "bundle" | "sources";
  machine: {
    cpu: string;
    cores: number;
    memoryGb: number;
    system: string;
    node: string;
    load: string;
    pinned: boolean;
  };
  results: { scenario: string; seconds: number; rows: Row[]; notes: string[] }[];
}

const root = path.join(import.meta.dirname, "../../..");
const file = path.join(root, "bench/history.jsonl");

function git(...args: string[]): string {
  try {
    return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "";
  }
}

export function describeRun(program: Run["program"]): Omit<Run, "results"> {
  const all = cpus();
  return {
    date: new Date().toISOString(),
    commit: git("rev-parse", "--short", "HEAD"),
    clean: git("status", "--porcelain", "--untracked-files=no") === "",
    program,
    machine: {
      cpu: all[0]?.model.trim() ?? "unknown",
      cores: all.length,
      memoryGb: Math.round(totalmem() / 1024 ** 3),
      system: `${process.platform} ${release().split("-")[0] ?? ""}`,
      node: process.version,
      load: loadGenerator,
      pinned: canPin,
    },
  };
}

export function appendHistory(run: Run): void {
  appendFileSync(file, `${JSON.stringify(run)}\n`);
}

export function readHistory(): Run[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Run);
}
