import { endWithParent, freePort } from "@robin/db/embedded";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { findOnPath } from "../../../tooling/vitest/find-on-path.ts";
import { onCore } from "./cores.ts";
import { childEnv } from "../env.ts";
import type { Scope } from "./scope.ts";

export interface Redis {
  url: string;
  /** SIGKILL, as by the system when memory is short. */
  kill(): Promise<void>;
  /** On the same port as before. */
  startAgain(): Promise<void>;
}

/** In memory only; undefined when there is no redis-server on PATH. */
export async function startRedis(scope: Scope): Promise<Redis | undefined> {
  const binary = findOnPath("redis-server");
  if (!binary) return undefined;
  const port = await freePort();
  const start = async () => {
    const settings = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    const [command = "", ...args] = onCore("rest", [...endWithParent(), binary, ...settings]);
    const child = spawn(command, args, { cwd: "/", env: childEnv(), stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    const stop = async (signal: NodeJS.Signals) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    };
    scope.defer(() => stop("SIGTERM"));
    for await (const line of createInterface({ input: child.stdout })) if (line.includes("Ready to accept")) break;
    child.stdout.resume();
    return stop;
  };
  let stop = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: () => stop("SIGKILL"),
    startAgain: async () => {
      stop = await start();
    },
  };
}
