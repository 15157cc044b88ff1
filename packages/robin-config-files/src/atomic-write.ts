import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { chown, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { ConfigFileError } from "./errors.ts";

const temporaryPrefix = (name: string) => `.${name}.new-`;

/**
 * Puts the bytes in the place of the file: after a crash it has the old ones or the new ones, never a part. Mode and
 * owner stay; a new file has those of another one. `lastCheck` runs when all is ready; when it rejects, nothing has happened. One caller at a time.
 */
export async function replaceFile(file: string, bytes: Buffer, lastCheck: () => Promise<void>): Promise<void> {
  const [folder, name] = [path.dirname(file), path.basename(file)];
  await removeLeftovers(folder, name);
  const model = (await statIfThere(file)) ?? (await statOfNeighbour(folder));
  const temporary = path.join(folder, temporaryPrefix(name) + randomUUID());
  try {
    // Robin's files hold passwords: until its mode is known, for nobody else.
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(bytes);
      if (model) await keepOwner(temporary, model);
      await handle.chmod((model?.mode ?? 0o640) & 0o7777);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await lastCheck();
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function statIfThere(file: string): Promise<Stats | undefined> {
  return stat(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  });
}

/** A new file is for those who can read the others: Robin may run under another account. */
async function statOfNeighbour(folder: string): Promise<Stats | undefined> {
  const entries = await readdir(folder, { withFileTypes: true });
  const neighbour = entries.find((entry) => entry.isFile() && entry.name.endsWith(".json5"));
  return neighbour && statIfThere(path.join(folder, neighbour.name));
}

/** What a crash between writing and renaming left behind. */
async function removeLeftovers(folder: string, name: string): Promise<void> {
  const leftovers = (await readdir(folder)).filter((entry) => entry.startsWith(temporaryPrefix(name)));
  await Promise.all(leftovers.map((entry) => rm(path.join(folder, entry), { force: true })));
}

/**
 * Only root may give files away; where we are not, the group does, or the right of all to read.
 * @throws ConfigFileError `not_permitted` when the owner would lose the right to read.
 */
async function keepOwner(file: string, { uid, gid, mode }: Stats): Promise<void> {
  const own = await stat(file);
  if (own.uid === uid && own.gid === gid) return;
  const isGiven = (owner: number) =>
    chown(file, owner, gid).then(
      () => true,
      () => false,
    );
  if ((await isGiven(uid)) || (mode & 0o004) !== 0) return;
  if ((mode & 0o040) !== 0 && (await isGiven(own.uid))) return;
  const message = "The file belongs to another account, which could not read it any more after a change.";
  throw new ConfigFileError("not_permitted", message);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
