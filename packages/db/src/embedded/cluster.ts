/**
 * The files of one database cluster. `initdb` works in `cluster.new`, which gets its final name only when complete;
 * so `cluster` never is half-written, and what is in `cluster.new` never held anybody's data.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { PostgresBinaries } from "./binaries.ts";
import { handOver, launch, type Launcher } from "./launcher.ts";

export const superuser = "robin";

export function clusterPath(dataDir: string): string {
  return path.join(dataDir, "cluster");
}

/** Beside the database's own files, so that it cannot get lost without them. */
function passwordFile(clusterDir: string): string {
  return path.join(clusterDir, "robin-password");
}

async function initdb(options: {
  binaries: PostgresBinaries;
  launcher: Launcher;
  dataDir: string;
  durable: boolean;
}): Promise<void> {
  const { binaries, launcher, dataDir } = options;
  const draft = path.join(dataDir, "cluster.new");
  const passwordDraft = path.join(dataDir, "password.new");
  // An interrupted initdb may still be writing for a moment.
  rmSync(draft, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  rmSync(passwordDraft, { force: true });
  writeFileSync(passwordDraft, randomBytes(24).toString("base64url"), { mode: 0o600 });
  handOver(launcher, passwordDraft);
  const child = launch(launcher, [
    binaries.initdb,
    `--pgdata=${draft}`,
    `--username=${superuser}`,
    `--pwfile=${passwordDraft}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    ...(options.durable ? [] : ["--no-sync"]),
  ]);
  if (!child.stdout || !child.stderr) throw new Error("initdb has no output.");
  child.stdout.resume();
  const [stderr, [code]] = (await Promise.all([text(child.stderr), once(child, "exit")])) as [string, [number | null]];
  if (code !== 0) {
    const reason =
      stderr.split("\n").find((line) => /error|fatal/i.test(line)) ?? stderr.trim().split("\n").at(-1) ?? "";
    throw new Error(`The database in ${dataDir} could not be created: ${reason.trim() || "initdb was killed"}`);
  }
  renameSync(passwordDraft, passwordFile(draft));
  renameSync(draft, clusterPath(dataDir));
}

/** Makes the cluster where there is none and returns the password of its superuser. */
export async function prepareCluster(options: {
  binaries: PostgresBinaries;
  launcher: Launcher;
  dataDir: string;
  durable: boolean;
}): Promise<string> {
  const clusterDir = clusterPath(options.dataDir);
  if (!existsSync(clusterDir)) await initdb(options);
  for (const file of ["PG_VERSION", "global/pg_control", path.basename(passwordFile(clusterDir))]) {
    if (existsSync(path.join(clusterDir, file))) continue;
    throw new Error(
      `The database folder ${clusterDir} is damaged (${file} is missing): restore it, or move it away to start with an empty database.`,
    );
  }
  return readPassword(clusterDir);
}

export function readPassword(clusterDir: string): string {
  return readFileSync(passwordFile(clusterDir), "utf8").trim();
}
