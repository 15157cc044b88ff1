import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  /** Microseconds. */
  timeDeltas: number[];
}

/** `node_modules/.pnpm/x@1/node_modules/x/...` is x; our own files are named from the workspace. */
function placeOf(url: string): string {
  const dependency = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (dependency) return dependency;
  if (url.startsWith("node:")) return url;
  return /\/((?:apps|packages)\/.+)$/.exec(url)?.[1] ?? (url === "" ? "(native)" : path.basename(url));
}

const idle = ["(idle)", "(program)", "(root)"];

/** The share of the busy time by place and by function, most first; each function's own time only. */
export function summarizeProfile(profile: CpuProfile, count = 25): string {
  const own = new Map<number, number>();
  profile.samples.forEach((id, index) => own.set(id, (own.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0)));
  const functions = new Map<string, number>();
  const places = new Map<string, number>();
  let busy = 0;
  for (const { id, callFrame } of profile.nodes) {
    const time = own.get(id) ?? 0;
    const { functionName, url, lineNumber } = callFrame;
    if (time === 0 || idle.includes(functionName)) continue;
    busy += time;
    const place = placeOf(url);
    const label = `${functionName || "(anonymous)"}  ${place}:${lineNumber + 1}`;
    functions.set(label, (functions.get(label) ?? 0) + time);
    places.set(place, (places.get(place) ?? 0) + time);
  }
  const top = (times: Map<string, number>) =>
    [...times]
      .sort(([, one], [, other]) => other - one)
      .slice(0, count)
      .map(([label, time]) => `${((100 * time) / busy).toFixed(1).padStart(5)} %  ${label}`);
  return ["by place", ...top(places), "", "by function", ...top(functions)].join("\n");
}

/** Of the newest profile of a main thread in a folder; undefined when there is none. */
export function summarizeNewest(folder: string): string | undefined {
  const newest = readdirSync(folder)
    .filter((name) => /\.0\.\d+\.cpuprofile$/.test(name))
    .sort()
    .at(-1);
  if (!newest) return undefined;
  return summarizeProfile(JSON.parse(readFileSync(path.join(folder, newest), "utf8")) as CpuProfile);
}
