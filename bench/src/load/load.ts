import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { findOnPath } from "../../../tooling/vitest/find-on-path.ts";
import type { Measurable } from "../machine/baseline.ts";
import { onCore } from "../machine/cores.ts";
import { childEnv } from "../env.ts";
import type { Core } from "../machine/cores.ts";

export interface LoadOptions {
  path: string;
  headers?: Record<string, string>;
  connections: number;
  seconds: number;
  /** Of the load generator; default the core beside the measured one. */
  core?: Core;
  /** Default wrk where there is one. */
  generator?: "wrk" | "autocannon";
}

export interface LoadResult {
  requests: number;
  perSecond: number;
  /** Undefined where the system does not tell CPU time. */
  perCpuSecond: number | undefined;
  p50Ms: number;
  p99Ms: number;
  socketErrors: number;
  /** wrk counts from 400 on, autocannon from 300 on. */
  badStatuses: number;
}

type Report = Omit<LoadResult, "perCpuSecond">;

const wrk = findOnPath("wrk");
export const loadGenerator = wrk ? "wrk" : "autocannon";

/** As many requests as the target answers, by a generator in a process of its own. */
export async function load(target: Measurable, options: LoadOptions): Promise<LoadResult> {
  const cpuBefore = target.cpuSeconds();
  const isWrk = (options.generator ?? loadGenerator) === "wrk" && wrk !== undefined;
  const report = await (isWrk ? runWrk(wrk, target.url, options) : runAutocannon(target.url, options));
  const cpuAfter = target.cpuSeconds();
  const cpuSeconds = cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore;
  return { ...report, perCpuSecond: cpuSeconds && report.requests / cpuSeconds };
}

async function lastLine(core: Core, command: string[]): Promise<Record<string, unknown>> {
  const [file = "", ...args] = onCore(core, command);
  const child = spawn(file, args, { env: childEnv(), stdio: ["ignore", "pipe", "ignore"] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit") as Promise<[number | null]>]);
  if (code !== 0) throw new Error(`${command[0]} ended with ${code ?? "a signal"}: ${output.slice(-300)}`);
  return JSON.parse(output.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
}

const headerArgs = (headers: Record<string, string> = {}): string[] =>
  Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);

async function runWrk(binary: string, url: string, options: LoadOptions): Promise<Report> {
  const script = fileURLToPath(new URL("wrk-report.lua", import.meta.url));
  // Whole seconds only.
  const duration = `${Math.max(1, Math.round(options.seconds))}s`;
  const args = ["-t1", `-c${options.connections}`, `-d${duration}`, "-s", script, ...headerArgs(options.headers)];
  const report = (await lastLine(options.core ?? "rest", [binary, ...args, url + options.path])) as Record<
    "requests" | "us" | "p50us" | "p99us" | "socketErrors" | "badStatuses",
    number
  >;
  const { requests, us, p50us, p99us, socketErrors, badStatuses } = report;
  const perSecond = (requests / us) * 1e6;
  return { requests, perSecond, p50Ms: p50us / 1000, p99Ms: p99us / 1000, socketErrors, badStatuses };
}

async function runAutocannon(url: string, options: LoadOptions): Promise<Report> {
  const entry = createRequire(import.meta.url).resolve("autocannon");
  const args = ["-j", "-c", String(options.connections), "-d", String(options.seconds)];
  const command = [process.execPath, entry, ...args, ...headerArgs(options.headers), url + options.path];
  const report = (await lastLine(options.core ?? "rest", command)) as unknown as {
    requests: { total: number };
    latency: { p50: number; p99: number };
    duration: number;
    errors: number;
    non2xx: number;
  };
  const { requests, latency, duration, errors, non2xx } = report;
  return {
    requests: requests.total,
    perSecond: requests.total / duration,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
    socketErrors: errors,
    badStatuses: non2xx,
  };
}
