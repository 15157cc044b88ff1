import { randomUUID } from "node:crypto";
import { chown, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { ConfigFileError } from "./errors.ts";

const temporaryPrefix = (name: string) => `.${name}.new-`;

/**
 * Puts the bytes in the place of the file: after a crash it has the old ones or the new ones, never a part. Mode and
 * owner stay. `lastCheck` runs when all is ready; when it rejects, nothing has happened. One caller at a time.
 */
export async function replaceFile(file: string, bytes: Buffer, lastCheck: () => Promise<void>): Promise<void> {
  const [folder, name] = [path.dirname(file), path.basename(file)];
  await removeLeftovers(folder, name);
  const former = await stat(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  const temporary = path.join(folder, temporaryPrefix(name) + randomUUID());
  try {
    // Robin's files hold passwords: a new one is for the owner and their group.
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(bytes);
      if (former) await keepOwner(temporary, former);
      await handle.chmod((former?.mode ?? 0o640) & 0o7777);
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

/** What a crash between writing and renaming left behind. */
async function removeLeftovers(folder: string, name: string): Promise<void> {
  const leftovers = (await readdir(folder)).filter((entry) => entry.startsWith(temporaryPrefix(name)));
  await Promise.all(leftovers.map((entry) => rm(path.join(folder, entry), { force: true })));
}

/** @throws ConfigFileError `not_permitted` when the owner would lose the right to read. */
async function keepOwner(file: string, former: { uid: number; gid: number; mode: number }): Promise<void> {
  const own = await stat(file);
  if (own.uid === former.uid && own.gid === former.gid) return;
  try {
    await chown(file, former.uid, former.gid);
  } catch (cause) {
    const isReadableByAll = (former.mode & 0o004) !== 0;
    if (isReadableByAll) return;
    const message = "The file belongs to another account, which could not read it any more after a change.";
    throw new ConfigFileError("not_permitted", message, { cause });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
