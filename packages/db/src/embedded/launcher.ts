/**
 * PostgreSQL refuses to run as root. Where we are root it runs in a user namespace of its own (which also works in a
 * folder that only root may enter), else as the folder's owner, else as a system user.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

export type Launcher = {
  prefix: string[];
  /** The user to run as; absent when the child keeps ours. */
  user?: { uid: number; gid: number };
};

type LaunchOptions = { detached?: boolean };

/** stdin is closed, stdout and stderr are pipes. */
export function launch(launcher: Launcher, command: string[], options: LaunchOptions = {}): ChildProcess {
  const [file = "", ...args] = [...launcher.prefix, ...command];
  return spawn(file, args, {
    ...launcher.user,
    detached: options.detached ?? false,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function systemUser(name: string): Launcher["user"] {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

function* waysFromRoot(dataDir: string): Generator<Launcher> {
  yield { prefix: ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"] };
  const { uid, gid } = statSync(path.dirname(dataDir));
  if (uid !== 0) yield { prefix: [], user: { uid, gid } };
  for (const name of ["postgres", "nobody"]) {
    const user = systemUser(name);
    if (user) yield { prefix: [], user };
  }
}

/** Gives a path that we made to the user that PostgreSQL runs as. */
export function handOver(launcher: Launcher, file: string): void {
  if (launcher.user) chownSync(file, launcher.user.uid, launcher.user.gid);
}

/** Whether the launcher's process is not root, may run the binary and may write into every folder. */
function works(launcher: Launcher, binary: string, folders: string[]): boolean {
  const check =
    'test "$(id -u)" != 0 && test -x "$0" && for d in "$@"; do test -w "$d" && test -x "$d" || exit 1; done';
  const [file = "", ...args] = [...launcher.prefix, "/bin/sh", "-c", check, binary, ...folders];
  return spawnSync(file, args, { ...launcher.user, stdio: "ignore" }).status === 0;
}

/**
 * What to put before a command so that the system ends it when we are killed and cannot end it ourselves; nothing where
 * the system cannot.
 */
export function endWithParent(): string[] {
  const prefix = ["setpriv", "--pdeathsig", "INT", "--"];
  return spawnSync("setpriv", [...prefix.slice(1), "true"], { stdio: "ignore" }).status === 0 ? prefix : [];
}

type Place = { binary: string; dataDir: string; clusterDir: string };

/** The first way that works for this folder. Throws one sentence when there is none. */
export function chooseLauncher(ways: Iterable<Launcher>, { binary, dataDir, clusterDir }: Place): Launcher {
  const isNew = !existsSync(clusterDir);
  const before = statSync(dataDir);
  for (const launcher of ways) {
    if (isNew) handOver(launcher, dataDir);
    if (works(launcher, binary, isNew ? [dataDir] : [dataDir, clusterDir])) {
      return { ...launcher, prefix: [...launcher.prefix, ...endWithParent()] };
    }
  }
  if (isNew) chownSync(dataDir, before.uid, before.gid);
  throw new Error(
    `PostgreSQL refuses to run as root and no other user can use ${dataDir}: start as an ordinary user, or set DATABASE_URL.`,
  );
}

/** How to start PostgreSQL here, whoever we are. Throws one sentence when we are root and nobody else can do it. */
export function findLauncher(place: Place): Launcher {
  return process.getuid?.() === 0 ? chooseLauncher(waysFromRoot(place.dataDir), place) : { prefix: endWithParent() };
}
