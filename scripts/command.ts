import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

export const root = path.dirname(import.meta.dirname);

type CommandOptions = {
  env?: NodeJS.ProcessEnv;
  /** Keeps stdout and stderr to itself. */
  quiet?: boolean;
};

/** Runs a command in the repository's root and returns its exit code; 127 when there is no such command. */
export async function runCommand(command: string[], options: CommandOptions = {}): Promise<number> {
  const [file = "", ...args] = command;
  const output = options.quiet ? "ignore" : "inherit";
  const child = spawn(file, args, {
    cwd: root,
    stdio: ["ignore", output, output],
    env: { ...process.env, ...options.env },
  });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  process.on("SIGTERM", pass);
  process.on("SIGINT", pass);
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? 1;
  } catch {
    return 127;
  } finally {
    process.off("SIGTERM", pass);
    process.off("SIGINT", pass);
  }
}
