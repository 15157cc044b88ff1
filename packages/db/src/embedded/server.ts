import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { launch, type Launcher } from "./launcher.ts";

export type RunningServer = {
  port: number;
  /** Settles when the server's process ended, for whatever reason. */
  exited: Promise<void>;
  stop(): Promise<void>;
};

type ServerOptions = {
  binary: string;
  launcher: Launcher;
  clusterDir: string;
  port: number | undefined;
  durable: boolean;
  log: (line: string) => void;
};

const startLimitMs = 120_000;

function spawnServer(options: ServerOptions, port: number): ChildProcess {
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    timezone: "UTC",
    log_timezone: "UTC",
    ...(options.durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  // In a process group of its own: Ctrl-C must reach the programs that use the database first.
  return launch(options.launcher, [options.binary, "-D", options.clusterDir, ...args], { detached: true });
}

/** Resolves with undefined when the server accepts connections, with its last words when it ended instead. */
async function untilReady(child: ChildProcess, log: (line: string) => void): Promise<string | undefined> {
  if (!child.stderr) throw new Error("PostgreSQL has no output.");
  child.stdout?.resume();
  const words: string[] = [];
  const ended = once(child, "exit").then(() => words.join("\n"));
  const ready = new Promise<undefined>((resolve) => {
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      log(line);
      if (/FATAL|DETAIL|could not/.test(line)) words.push(line.replace(/^.*?(FATAL|LOG|DETAIL|HINT): +/, ""));
      if (line.includes("database system is ready to accept connections")) resolve(undefined);
    });
  });
  const limit = new AbortController();
  const late = delay(startLimitMs, "it was not ready in time", { signal: limit.signal });
  late.catch(() => undefined);
  try {
    return await Promise.race([ready, ended, late]);
  } finally {
    limit.abort();
  }
}

function running(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function stopServer(child: ChildProcess): Promise<void> {
  if (!running(child)) return;
  const exited = once(child, "exit");
  // Fast shutdown, then immediate shutdown, then the end.
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal);
  };
  const steps = [setTimeout(kill, 20_000, "SIGQUIT"), setTimeout(kill, 30_000, "SIGKILL")];
  kill("SIGINT");
  await exited;
  steps.forEach(clearTimeout);
}

/** Throws one sentence when the server does not start. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const port = options.port ?? (await freePort());
    const child = spawnServer(options, port);
    child.once("error", (error) => {
      options.log(error.message);
    });
    const words = await untilReady(child, options.log);
    if (words === undefined) {
      const exited = running(child) ? once(child, "exit").then(() => undefined) : Promise.resolve();
      return { port, exited, stop: () => stopServer(child) };
    }
    await stopServer(child);
    const portTaken = words.includes("could not bind");
    if (portTaken && options.port !== undefined)
      throw new Error(`Port ${port} on 127.0.0.1 is already in use: give PostgreSQL another one.`);
    // Processes of a server that was killed may live for a moment; they end by themselves.
    const leftovers = words.includes("pre-existing shared memory") || words.includes("postmaster.pid");
    if (!(portTaken || leftovers) || Date.now() > deadline) {
      throw new Error(
        `PostgreSQL did not start in ${options.clusterDir}: ${words.split("\n").join("; ") || "no reason given"}`,
      );
    }
    await delay(100);
  }
}
