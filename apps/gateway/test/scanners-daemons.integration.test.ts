import { freePort } from "@robin/db/embedded";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findOnPath } from "../../../tooling/vitest/find-on-path.ts";
import { startTestGateway, type TestGateway } from "./harness.ts";

/** Debian keeps daemons where only root looks. */
const searchPath = `${process.env.PATH ?? ""}:/usr/sbin`;
const clamd = findOnPath("clamd", searchPath);
const rspamd = findOnPath("rspamd", searchPath);
const titled = (name: string, program: string | undefined) =>
  program === undefined ? `${name} (not applicable: it is not installed)` : name;

let gateway: TestGateway;
let token: string;
let folder: string;
const daemons: ChildProcess[] = [];

beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 } });
  token = (await gateway.signIn("ROLE_OPERATOR")).token;
  folder = await mkdtemp(path.join(tmpdir(), "robin-scanners-"));
});
afterAll(async () => {
  for (const daemon of daemons) {
    const exited = once(daemon, "exit");
    daemon.kill("SIGTERM");
    await exited;
  }
  await gateway.close();
  await rm(folder, { recursive: true });
});

/** Resolves once the daemon takes connections; rejects with what it said when it ends instead. */
async function start(program: string, parameters: string[], port: number): Promise<void> {
  const daemon = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [daemon.stdout, daemon.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await expect
    .poll(
      () => {
        if (daemon.exitCode !== null) throw new Error(`${program} ended: ${output}`);
        return accepts(port);
      },
      { timeout: 20_000 },
    )
    .toBe(true);
  daemons.push(daemon);
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const connected = once(socket, "connect").then(
    () => true,
    () => false,
  );
  return connected.finally(() => socket.destroy());
}

async function configure(name: "clamav" | "rspamd", values: object): Promise<void> {
  gateway.simulator.config.write(`${name}.json5`, JSON.stringify({ enabled: true, host: "127.0.0.1", ...values }));
  await gateway.deps.robin.config.reload();
}

describe.skipIf(clamd === undefined)(titled("a real clamd", clamd), () => {
  it("200 with UP and its version, and a test that succeeds", async () => {
    const port = await freePort();
    // One signature of our own, because those of ClamAV are fetched from the net.
    await writeFile(path.join(folder, "own.hdb"), "44d88612fea8a8f36de82e1278abb02f:68:Own-Test\n");
    const lines = [`TCPSocket ${port}`, "TCPAddr 127.0.0.1", `DatabaseDirectory ${folder}`, "Foreground yes"];
    await writeFile(path.join(folder, "clamd.conf"), `${lines.join("\n")}\n`);
    await start(clamd ?? "", ["--config-file", path.join(folder, "clamd.conf")], port);
    await configure("clamav", { port });
    const status = await gateway.request("/api/v1/scanners/clamav/status", { token });
    expect(status.body).toMatchObject({ status: "UP", version: expect.stringMatching(/^\d+\.\d+/) as string });
    const test = await gateway.request("/api/v1/scanners/clamav/test", { token, body: {} });
    expect(test.body).toMatchObject({ success: true });
  }, 60_000);
});

describe.skipIf(rspamd === undefined)(titled("a real rspamd", rspamd), () => {
  it("200 with UP and its version, and a test that succeeds", async () => {
    const port = await freePort();
    const options = `options { pidfile = "${folder}/rspamd.pid"; filters = ""; dns { nameserver = ["127.0.0.1"]; } }`;
    const logging = `logging { type = "console"; level = "error"; }`;
    const worker = `worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; }`;
    await writeFile(path.join(folder, "rspamd.conf"), `${options}\n${logging}\n${worker}\n`);
    await start(rspamd ?? "", ["--no-fork", "--insecure", "--config", path.join(folder, "rspamd.conf")], port);
    await configure("rspamd", { port });
    const status = await gateway.request("/api/v1/scanners/rspamd/status", { token });
    expect(status.body).toMatchObject({ status: "UP", version: expect.stringMatching(/^\d+\.\d+/) as string });
    const test = await gateway.request("/api/v1/scanners/rspamd/test", { token, body: {} });
    expect(test.body).toMatchObject({ success: true });
  }, 60_000);
});
