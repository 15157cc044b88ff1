import { mkdtemp, open, rm } from "node:fs/promises";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Core, onCore } from "./cores.ts";
import { childEnv } from "../env.ts";
import type { GatewayProgram } from "./gateway-program.ts";
import { cpuSecondsOf, familyOf, rssMbOf } from "./process-figures.ts";
import { startProgram } from "./program.ts";
import type { Robin } from "./robin.ts";
import type { Scope } from "./scope.ts";

export interface GatewaySetup {
  robin: Robin;
  env?: Record<string, string>;
  core?: Core;
  /** Where its log goes after the pipe; `/dev/null` by default. */
  logFile?: string;
}

export interface Gateway {
  url: string;
  pid: number;
  /** Of an administrator. */
  token: string;
  exited: Promise<void>;
  isRunning(): boolean;
  cpuSeconds(): number | undefined;
  rssMb(): number;
  /** Its own process id and those of its workers. */
  family(): number[];
  /** Gives the status. */
  signIn: () => Promise<number>;
  stop(): Promise<void>;
}

const username = "admin@robin.local";
const password = "a password for benches";

/** Everything on as in production: authentication, logging, and limits that this load never reaches. */
export function gatewayEnv(databaseUrl: string, robin: Robin): Record<string, string> {
  const plenty = "100000000";
  return {
    NODE_ENV: "production",
    HOST: "127.0.0.1",
    PORT: "0",
    DATABASE_URL: databaseUrl,
    ROBIN_CLIENT_API_URL: robin.clientUrl,
    ROBIN_SERVICE_API_URL: robin.serviceUrl,
    ROBIN_TIME_ZONE: "UTC",
    JWT_SECRET: "a secret for benches that is long enough",
    ACCESS_TOKEN_EXPIRE_MINUTES: "600",
    ADMIN_USERNAME: username,
    ADMIN_PASSWORD: password,
    RATE_LIMIT_PER_MINUTE: plenty,
    RATE_LIMIT_USER_PER_MINUTE: plenty,
    RATE_LIMIT_QUEUE_PER_MINUTE: plenty,
    RATE_LIMIT_LOGIN_PER_MINUTE: "1000",
    RATE_LIMIT_LOGIN_ADDRESS_PER_MINUTE: "10000",
    LOG_LEVEL: "info",
    LOG_FORMAT: "json",
  };
}

interface StartOptions extends GatewaySetup {
  databaseUrl: string;
  program: GatewayProgram;
  profile: string | undefined;
}

export async function startGateway(scope: Scope, options: StartOptions): Promise<Gateway> {
  const pipe = await openLogPipe(scope, options.logFile ?? "/dev/null");
  const profiling = options.profile ? ["--cpu-prof", `--cpu-prof-dir=${path.resolve(options.profile)}`] : [];
  const program = await startProgram(scope, {
    name: "gateway",
    args: [...profiling, ...options.program.args],
    core: options.core ?? "measured",
    cwd: options.program.cwd,
    env: { ...options.program.env, ...gatewayEnv(options.databaseUrl, options.robin), ...options.env },
    output: pipe,
  });
  const url = `http://127.0.0.1:${new URL(String(program.ready.url)).port}`;
  const { pid, exited, isRunning, stop } = program;
  return {
    url,
    pid,
    token: (await signIn(url)).token,
    exited,
    isRunning,
    cpuSeconds: () => cpuSecondsOf(pid),
    rssMb: () => rssMbOf(pid),
    family: () => familyOf(pid),
    signIn: async () => (await signIn(url)).status,
    stop,
  };
}

/** A real pipe to another process on the other core, as a container's log has; the descriptor is for writing. */
async function openLogPipe(scope: Scope, target: string): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), "robin-bench-log-"));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const fifo = path.join(folder, "pipe");
  if (spawnSync("mkfifo", [fifo]).status !== 0) throw new Error("mkfifo failed.");
  const [command = "", ...args] = onCore("rest", ["sh", "-c", 'exec cat "$0" > "$1"', fifo, target]);
  const reader = spawn(command, args, { stdio: "ignore", env: childEnv(), detached: true });
  const ended = once(reader, "exit");
  const writer = await open(fifo, "w");
  scope.defer(async () => {
    await writer.close();
    const limit = setTimeout(() => reader.kill("SIGKILL"), 2000);
    await ended;
    clearTimeout(limit);
  });
  return writer.fd;
}

async function signIn(url: string): Promise<{ status: number; token: string }> {
  const response = await fetch(`${url}/api/v1/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username, password }),
  });
  const { tokens } = (await response.json()) as { tokens?: { accessToken: string } };
  return { status: response.status, token: tokens?.accessToken ?? "" };
}
