import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type Core, onCore } from "./cores.ts";
import { childEnv } from "../env.ts";
import type { Scope } from "./scope.ts";

export interface ProgramOptions {
  name: string;
  /** Of Node: flags, the file, its arguments. */
  args: string[];
  core: Core;
  env?: Record<string, string>;
  cwd?: string;
  /** A file descriptor for its output; without one only its errors are kept, to explain a failed start. */
  output?: number;
}

/** One of our Node programs, which tells `{ ready: true, ... }` and ends when the channel to us closes. */
export interface Program {
  pid: number;
  process: ChildProcess;
  ready: Record<string, unknown>;
  exited: Promise<void>;
  isRunning: () => boolean;
  /** SIGTERM, and SIGKILL after ten seconds. */
  stop: () => Promise<void>;
}

const readyLimitMs = 60_000;
const stopLimitMs = 15_000;

/** Throws one sentence with the program's last words when it does not start. */
export async function startProgram(scope: Scope, options: ProgramOptions): Promise<Program> {
  const [command = "", ...args] = onCore(options.core, [process.execPath, ...options.args]);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: childEnv(options.env),
    stdio: ["ignore", options.output ?? "ignore", "pipe", "ipc"],
    // Ctrl-C reaches only us: we end the programs in order.
    detached: true,
  });
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  /** Then an end that nobody asked for is worth a word. */
  let isWanted = false;
  const exited = once(child, "exit").then(([code, signal]) => {
    if (isWanted) console.error(`The ${options.name} ended by itself (${String(code ?? signal)}). ${errors.trim()}`);
  });
  const stop = async () => {
    isWanted = false;
    if (!isRunning()) return;
    const limit = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
    child.kill("SIGTERM");
    await exited;
    clearTimeout(limit);
  };
  scope.defer(stop);
  const ready = new Promise<Record<string, unknown>>((resolve) => {
    child.on("message", (message) => {
      if (typeof message === "object" && "ready" in message) resolve(message);
    });
  });
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    limit = setTimeout(resolve, readyLimitMs, undefined);
  });
  const message = await Promise.race([ready, exited, late]);
  clearTimeout(limit);
  if (!message || child.pid === undefined) throw new Error(`The ${options.name} did not start: ${errors.trim()}`);
  isWanted = true;
  return { pid: child.pid, process: child, ready: message, exited, isRunning, stop };
}
