import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const script = path.join(import.meta.dirname, "up.ts");

let dataDir: string;
const started: ChildProcess[] = [];
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), "robin-up-"));
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
  }
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

type Run = {
  child: ChildProcess;
  output: () => string;
  exited: Promise<number | null>;
  /** Resolves with the first group of the first match. */
  says: (pattern: RegExp) => Promise<string>;
};

function up(env: NodeJS.ProcessEnv = {}): Run {
  // Nothing else of the environment: what somebody has exported must not decide the test.
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [script], {
    env: { PATH, HOME, HOST: "127.0.0.1", PORT: "0", DATA_DIR: dataDir, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let output = "";
  const exited = once(child, "close").then(([code]) => code as number | null);
  const says = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(output);
        if (match) resolve(match[1] ?? match[0]);
      };
      child.stdout.on("data", look);
      void exited.then(() => {
        reject(new Error(`It ended without saying ${String(pattern)}: ${output}`));
      });
      look();
    });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output, exited, says };
}

/** Ids of the processes that `up` started, by a part of their command line. */
function childrenOf(run: Run): { pid: number; command: string }[] {
  const { stdout } = spawnSync("ps", ["-o", "pid=,args=", "--ppid", String(run.child.pid)], { encoding: "utf8" });
  return stdout
    .trim()
    .split("\n")
    .map((line) => /^ *(\d+) (.*)$/.exec(line))
    .flatMap((match) => (match ? [{ pid: Number(match[1]), command: match[2] ?? "" }] : []));
}

function isRunning(pid: number): boolean {
  const { status, stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return status === 0 && !stdout.trim().startsWith("Z");
}

function signIn(url: string, password: string): Promise<Response> {
  return fetch(new URL("/api/v1/auth/login", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "admin@robin.local", password }),
  });
}

async function saveClamav(url: string, { tokens }: { tokens: { accessToken: string } }): Promise<unknown> {
  const headers = { authorization: `Bearer ${tokens.accessToken}`, "content-type": "application/json" };
  const body = JSON.stringify({ port: 3311 });
  return (await fetch(new URL("/config/clamav", url), { method: "PUT", headers, body })).json();
}

function resetPassword(...names: string[]): { status: number | null; output: string } {
  const { PATH, HOME } = process.env;
  const program = path.join(import.meta.dirname, "reset-password.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...names], {
    env: { PATH, HOME, DATA_DIR: dataDir },
    encoding: "utf8",
  });
  return { status, output: `${stdout}${stderr}` };
}

// Each start is that of five processes, on a machine that may be busy.
describe("npm run up", { timeout: 120_000 }, () => {
  it("starts everything, shows how to sign in, and stops everything on SIGTERM", async () => {
    const run = up();
    const url = await run.says(/Health +(\S+)/);
    const password = await run.says(/Password +(\S+) {3}\(shown only this once\)/);
    await run.says(/Stop everything with Ctrl-C/);
    expect((await fetch(url)).status).toBe(200);
    const signedIn = await signIn(url, password);
    expect(signedIn.status).toBe(200);
    expect(await saveClamav(url, (await signedIn.json()) as { tokens: { accessToken: string } })).toMatchObject({
      port: 3311,
      _meta: { notInForce: [] },
    });
    expect(statSync(path.join(dataDir, "jwt-secret")).mode & 0o777).toBe(0o600);
    const children = childrenOf(run);
    expect(children).toHaveLength(4);

    run.child.kill("SIGTERM");
    expect(await run.exited).toBe(0);
    expect(children.filter(({ pid }) => isRunning(pid))).toEqual([]);
    expect(readFileSync(path.join(dataDir, "logs/gateway.log"), "utf8")).not.toContain(password);
  });

  it("keeps the accounts, and says so instead of showing a password again", async () => {
    const first = up();
    await first.says(/shown only this once/);
    first.child.kill("SIGINT");
    expect(await first.exited).toBe(0);
    const second = up();
    expect(await second.says(/Password +(.*)/)).toMatch(/^the one of the first start; .* npm run reset-password$/);
  });

  it("lets in again who has lost the password, with npm run reset-password, running or not", async () => {
    const run = up();
    const url = await run.says(/Health +(\S+)/);
    const first = await run.says(/Password +(\S+) {3}/);
    await run.says(/Stop everything/);
    const whileRunning = resetPassword();
    const second = /now: (\S+)/.exec(whileRunning.output)?.[1] ?? "";
    expect((await signIn(url, first)).status).toBe(401);
    expect((await signIn(url, second)).status).toBe(200);
    expect(resetPassword("nobody@example.test")).toEqual({ status: 1, output: "There is no such user.\n" });
    run.child.kill("SIGTERM");
    await run.exited;

    const third = /now: (\S+)/.exec(resetPassword("Admin@robin.local").output)?.[1] ?? "";
    const again = up();
    const newUrl = await again.says(/Health +(\S+)/);
    expect((await signIn(newUrl, third)).status).toBe(200);
  });

  it("refuses to run twice with the same data, in one sentence", async () => {
    const run = up();
    await run.says(/Stop everything/);
    const second = up();
    expect(await second.exited).toBe(1);
    expect(second.output()).toBe(
      `Robin Gateway already runs with ${dataDir} as process ${run.child.pid ?? "?"}: stop it with Ctrl-C where it was started, or with: kill ${run.child.pid ?? "?"}\n`,
    );
  });

  it.each([
    ["worker", "/worker.js", "worker"],
    ["database", "bin/postgres", "PostgreSQL server"],
  ])("stops everything and says so when the %s dies", async (_, command, name) => {
    const run = up();
    await run.says(/Stop everything/);
    const children = childrenOf(run);
    const victim = children.find((child) => child.command.includes(command));
    if (!victim) throw new Error(`No process of ${command}.`);
    process.kill(victim.pid, "SIGKILL");
    expect(await run.exited).toBe(1);
    expect(run.output()).toMatch(new RegExp(`^The ${name} ended by itself`, "m"));
    expect(children.filter(({ pid }) => isRunning(pid))).toEqual([]);
  });

  it("leaves nothing running when it is killed, and starts again", async () => {
    const run = up();
    await run.says(/Stop everything/);
    const children = childrenOf(run);
    run.child.kill("SIGKILL");
    await run.exited;
    await expect.poll(() => children.filter(({ pid }) => isRunning(pid)), { timeout: 20_000 }).toEqual([]);
    await up().says(/Stop everything/);
  });

  it("names a port that is in use, and starts nothing", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const { port } = blocker.address() as AddressInfo;
    const run = up({ PORT: String(port) });
    expect(await run.exited).toBe(1);
    expect(run.output()).toBe(
      `Port ${port} is already in use by another program: stop it, or choose another one, such as: PORT=8000 npm run up\n`,
    );
    blocker.close();
  });

  it("passes on what is wrong with a setting, by name", async () => {
    const run = up({ ACCESS_TOKEN_EXPIRE_MINUTES: "soon" });
    expect(await run.exited).toBe(1);
    expect(run.output()).toContain("ACCESS_TOKEN_EXPIRE_MINUTES");
    expect(run.output()).toMatch(/^The gateway did not start \(exit code 1\)\.$/m);
  });
});
