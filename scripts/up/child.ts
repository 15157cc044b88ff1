import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { toScreenLine } from "./log-line.ts";

export type ChildOptions = {
  name: string;
  /** The TypeScript file and its arguments. */
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  log: (line: string) => void;
  screen: (line: string) => void;
  /** Settles when nobody wants the child any more. */
  cancelled: Promise<unknown>;
};

export type RunningChild = {
  /** Its first message. */
  ready: object;
  /** Settles with how the process ended, in words. */
  exited: Promise<string>;
  stop(): Promise<void>;
};

const readyLimitMs = 60_000;
const stopLimitMs = 20_000;

function readLines(child: ChildProcess, options: ChildOptions): void {
  for (const from of ["stdout", "stderr"] as const) {
    const input = child[from];
    if (!input) continue;
    createInterface({ input }).on("line", (line) => {
      options.log(line);
      const text = toScreenLine(options.name, line, from);
      if (text !== undefined) options.screen(text);
    });
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  const limit = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
  child.kill("SIGTERM");
  await closed;
  clearTimeout(limit);
}

/**
 * Starts one of our programs and waits for its message `{ ready: true, ... }`. Throws one sentence when it ends or stays
 * silent instead. The programs end by themselves when the channel to us closes, so they do not outlive us.
 */
export async function startChild(options: ChildOptions): Promise<RunningChild> {
  const child = spawn(process.execPath, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // Ctrl-C reaches only us: we stop the programs in order.
    detached: true,
  });
  readLines(child, options);
  const exited = once(child, "close").then(([code, signal]) =>
    signal ? `signal ${String(signal)}` : `exit code ${String(code)}`,
  );
  const ready = new Promise<object>((resolve) => {
    child.on("message", (message) => {
      if (typeof message === "object" && "ready" in message && message.ready === true) resolve(message);
    });
  });
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    limit = setTimeout(resolve, readyLimitMs, `silent for ${readyLimitMs / 1000} s`);
  });
  const cancelled = options.cancelled.then(() => "no longer wanted");
  const outcome = await Promise.race([ready.then((message) => ({ message })), exited, late, cancelled]);
  clearTimeout(limit);
  if (typeof outcome === "string") {
    await stopChild(child);
    throw new Error(`The ${options.name} did not start (${outcome}).`);
  }
  return { ready: outcome.message, exited, stop: () => stopChild(child) };
}
