/** Tells whether a process named in a file is still that process: ids are used again, above all in containers. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

function readProc(pid: number, file: "stat" | "cmdline"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: "lstart" | "command"): string | undefined {
  const { status, stdout } = spawnSync("ps", ["-p", String(pid), "-o", `${column}=`], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** When the process began, as the system counts it; undefined when no such process runs (a zombie does not run). */
export function processStartTime(pid: number): string | undefined {
  if (process.platform !== "linux") return ps(pid, "lstart");
  const stat = readProc(pid, "stat");
  if (stat === undefined) return undefined;
  // The second field is the name in brackets and may hold spaces; the third is the state, the 22nd the start time.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return fields[19];
}

/** The command line of a running process, arguments separated by spaces. */
export function processCommand(pid: number): string | undefined {
  if (processStartTime(pid) === undefined) return undefined;
  if (process.platform !== "linux") return ps(pid, "command");
  return readProc(pid, "cmdline")?.replaceAll("\0", " ").trim();
}
