/** Deals with what an earlier run left behind: a server that still runs, or a postmaster.pid that only seems to say so. */
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { processCommand, processStartTime } from "./process-identity.ts";

/** Lines of postmaster.pid, counted from 0. */
const pidLine = 0;
const portLine = 3;

function readNumber(clusterDir: string, line: number): number | undefined {
  try {
    const number = Number(readFileSync(path.join(clusterDir, "postmaster.pid"), "utf8").split("\n")[line]);
    return Number.isSafeInteger(number) && number > 0 ? number : undefined;
  } catch {
    return undefined;
  }
}

/** The id of the server that runs on this folder. */
function runningPid(clusterDir: string): number | undefined {
  const pid = readNumber(clusterDir, pidLine);
  return pid !== undefined && processCommand(pid)?.includes(clusterDir) ? pid : undefined;
}

/** The port of the server that runs on this folder, whoever started it; undefined when none does. */
export function runningPort(clusterDir: string): number | undefined {
  return runningPid(clusterDir) === undefined ? undefined : readNumber(clusterDir, portLine);
}

/** There is no event for the end of a process that is not our child. */
async function gone(pid: number, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (processStartTime(pid) !== undefined) {
    if (Date.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

/**
 * Ends a server that outlived its starter; the caller holds the folder's lock, so nobody uses it. A postmaster.pid that
 * names no PostgreSQL of this folder, or nothing at all, is removed, since PostgreSQL itself would refuse to start.
 */
export async function takeOver(clusterDir: string, log: (line: string) => void): Promise<void> {
  const pid = runningPid(clusterDir);
  if (pid === undefined) {
    rmSync(path.join(clusterDir, "postmaster.pid"), { force: true });
    return;
  }
  log(`Taking over from PostgreSQL process ${pid}, which was left running.`);
  process.kill(pid, "SIGINT");
  if (await gone(pid, 20_000)) return;
  process.kill(pid, "SIGQUIT");
  if (await gone(pid, 10_000)) return;
  throw new Error(`PostgreSQL process ${pid} still uses ${clusterDir} and does not end: stop it, then start again.`);
}
