import pg from "pg";
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import path from "node:path";
import { findBinaries } from "./binaries.ts";
import { clusterPath, prepareCluster, readPassword, superuser } from "./cluster.ts";
import { findLauncher } from "./launcher.ts";
import { acquireLock, LockHeldError } from "./lock.ts";
import { runningPort, takeOver } from "./postmaster.ts";
import { startServer } from "./server.ts";

export { freePort } from "./free-port.ts";
export { endWithParent } from "./launcher.ts";
export { acquireLock, LockHeldError } from "./lock.ts";

export type EmbeddedPostgresOptions = {
  /** Made when missing. Everything of the database is in it. */
  dataDir: string;
  /** A free one when absent: it may differ from start to start. */
  port?: number;
  /** Gets each line that PostgreSQL logs. */
  log?: (line: string) => void;
  /** False gives up the promise that data survives a crash of the machine; for tests only. */
  durable?: boolean;
};

export type EmbeddedPostgres = {
  /** Of the database `robin`, with its password. */
  url: string;
  port: number;
  /** Settles when the server ended, for whatever reason. */
  exited: Promise<void>;
  /** Ends every connection, then the server. */
  stop: () => Promise<void>;
};

const database = "robin";

async function ensureDatabase(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
  } finally {
    await client.end();
  }
}

function lockDataDir(dataDir: string): () => void {
  try {
    return acquireLock(path.join(dataDir, "lock"));
  } catch (error) {
    if (error instanceof LockHeldError) {
      throw new Error(`The database in ${dataDir} is already in use by process ${error.pid}.`, { cause: error });
    }
    throw error;
  }
}

function urlOf(password: string, port: number, name = database): string {
  return `postgresql://${superuser}:${password}@127.0.0.1:${port}/${name}`;
}

/** The URL of a database that another process started with `startEmbeddedPostgres`; undefined when none is running. */
export function runningPostgresUrl(dataDir: string): string | undefined {
  if (!existsSync(dataDir)) return undefined;
  const clusterDir = clusterPath(realpathSync(dataDir));
  const port = runningPort(clusterDir);
  return port === undefined ? undefined : urlOf(readPassword(clusterDir), port);
}

/** Starts the PostgreSQL of this machine's platform. Every failure is one sentence without the password. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => undefined);
  const durable = options.durable ?? true;
  const binaries = findBinaries();
  if (!existsSync(options.dataDir)) mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = realpathSync(options.dataDir);
  const clusterDir = clusterPath(dataDir);
  const release = lockDataDir(dataDir);
  try {
    const launcher = findLauncher({ binary: binaries.postgres, dataDir, clusterDir });
    const password = await prepareCluster({ binaries, launcher, dataDir, durable });
    await takeOver(clusterDir, log);
    const server = await startServer({
      binary: binaries.postgres,
      launcher,
      clusterDir,
      port: options.port,
      durable,
      log,
    });
    const stop = async () => {
      await server.stop();
      release();
    };
    try {
      await ensureDatabase(urlOf(password, server.port, "postgres"));
    } catch (error) {
      await stop();
      throw error;
    }
    return { url: urlOf(password, server.port), port: server.port, exited: server.exited, stop };
  } catch (error) {
    release();
    throw error;
  }
}
