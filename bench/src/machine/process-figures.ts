import { readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = 100;
const pageMb = 4096 / 1024 ** 2;

interface Stat {
  parent: number;
  cpuSeconds: number;
}

/** Linux only; undefined elsewhere and for a process that is gone. */
function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may itself hold blanks and brackets.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { parent: Number(fields[1]), cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond };
  } catch {
    return undefined;
  }
}

/** The process and what it started, such as the workers of a cluster. */
export function familyOf(pid: number): number[] {
  const parents = new Map<number, number>();
  try {
    for (const name of readdirSync("/proc")) {
      const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
      if (stat) parents.set(Number(name), stat.parent);
    }
  } catch {
    return [pid];
  }
  const family = [pid];
  for (const member of family) for (const [child, parent] of parents) if (parent === member) family.push(child);
  return family;
}

/** User and system time of the process and its children that live; undefined where the system does not tell. */
export function cpuSecondsOf(pid: number): number | undefined {
  const stats = familyOf(pid).map(readStat);
  return stats[0] && stats.reduce((sum, stat) => sum + (stat?.cpuSeconds ?? 0), 0);
}

/** Resident memory of this one process in MB; NaN where the system does not tell. */
export function rssMbOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * pageMb;
  } catch {
    return NaN;
  }
}
