import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** `measured` is one core for the process under test, `rest` the core of everything else, `all` is both. */
export type Core = "measured" | "rest" | "all";

const numbers: Record<Core, string> = { measured: "0", rest: "1", all: "0,1" };

/** Without taskset (macOS) or with one core the system places the processes, and figures vary more. */
export const canPin =
  availableParallelism() > 1 && spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0;

export function onCore(core: Core, command: string[]): string[] {
  return canPin ? ["taskset", "-c", numbers[core], ...command] : command;
}

/** Puts this process, and by inheritance what it starts, beside the measured one. */
export function leaveMeasuredCore(): void {
  if (canPin) spawnSync("taskset", ["-acp", numbers.rest, String(process.pid)], { stdio: "ignore" });
}
