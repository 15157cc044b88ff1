import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, type FileHandle, open, readdir, realpath } from "node:fs/promises";
import path from "node:path";
import { replaceFile } from "./atomic-write.ts";
import { createBackups } from "./backups.ts";
import { ConfigFileError, explainFailure } from "./errors.ts";
import { withFolderLock } from "./folder-lock.ts";
import { type ConfigObject, parseJson5 } from "./json5-tree.ts";

export interface ConfigFile {
  /** Without its ending: `clamav` is clamav.json5. */
  name: string;
  text: string;
  /** As Robin reads it. Secrets are in it in clear. */
  value: ConfigObject;
  /** Hash of the bytes: another text has another one. */
  version: string;
}

/** What was in a file before one of the last ten changes. */
export interface FormerConfigFile {
  text: string;
  version: string;
  /** When it was replaced. */
  replacedAt: Date;
}

/**
 * Robin's configuration folder. Every method rejects with ConfigFileError. Names are those of files in the folder
 * itself; a link that leads out of it is refused.
 */
export interface ConfigFolder {
  /** Undefined when there is no such file. `syntax` when Robin could not read it. */
  read(name: string): Promise<ConfigFile | undefined>;
  /** The names of the files that are there, sorted. */
  list(): Promise<string[]>;
  /**
   * Writes what `edit` makes of the present text: all of it or nothing, one writer at a time in all processes, and the
   * former text is kept. An equal text is not written. What `edit` throws is passed on. `conflict` when the version is
   * not `ifVersion`, or when somebody else wrote meanwhile; `syntax` when Robin could not read the new text.
   */
  update(
    name: string,
    edit: (current: ConfigFile | undefined) => string,
    options?: { ifVersion?: string | undefined },
  ): Promise<ConfigFile>;
  /** At most ten, the latest first. */
  versions(name: string): Promise<FormerConfigFile[]>;
  /** Why nothing can be written, as far as that can be known without writing. */
  obstacle(): Promise<ConfigFileError | undefined>;
}

const bytesMax = 1024 ** 2;
const ending = ".json5";
const namePattern = /^[a-z][a-z0-9-]{0,49}$/;

export function createConfigFolder(options: { path: string; clock?: { now(): Date } }): ConfigFolder {
  const { path: folder, clock = { now: () => new Date() } } = options;
  const backups = createBackups(folder, clock);

  /** The file itself, behind links within the folder; undefined when it is not there. */
  async function locate(name: string): Promise<string | undefined> {
    if (!namePattern.test(name)) throw new ConfigFileError("invalid_name", "Robin has no file of this name.");
    const root = await realpath(folder);
    const file = await realpath(path.join(root, name + ending)).catch(undefinedIfMissing);
    if (file !== undefined && !file.startsWith(root + path.sep)) {
      throw new ConfigFileError("not_permitted", `${name}${ending} is a link that leads out of the folder.`);
    }
    return file;
  }

  async function read(name: string): Promise<ConfigFile | undefined> {
    const file = await locate(name);
    const bytes = file === undefined ? undefined : await readBytes(file, name);
    if (!bytes) return undefined;
    const text = decode(bytes, name);
    return { name, text, value: parse(text, name), version: versionOf(bytes) };
  }

  async function update(
    name: string,
    edit: (current: ConfigFile | undefined) => string,
    ifVersion: string | undefined,
  ): Promise<ConfigFile> {
    await locate(name);
    return withFolderLock(await realpath(folder), async (ensureLocked) => {
      const current = await read(name);
      if (ifVersion !== undefined && current?.version !== ifVersion) throw conflict(name);
      const text = edit(current);
      if (current?.text === text) return current;
      const bytes = Buffer.from(text);
      if (bytes.length > bytesMax) throw tooLarge(name);
      const result: ConfigFile = { name, text, value: parse(text, name), version: versionOf(bytes) };
      if (current) await backups.keep(name, current.text);
      const file = (await locate(name)) ?? path.join(await realpath(folder), name + ending);
      await replaceFile(file, bytes, async () => {
        ensureLocked();
        if ((await read(name))?.version !== current?.version) throw conflict(name);
      });
      await backups.prune(name);
      return result;
    });
  }

  return {
    read: (name) => explained(() => read(name)),
    update: (name, edit, { ifVersion } = {}) => {
      const thrown: { byEdit?: unknown } = {};
      const guarded = (current: ConfigFile | undefined) => {
        try {
          return edit(current);
        } catch (error) {
          thrown.byEdit = error;
          throw error;
        }
      };
      return explained(() => update(name, guarded, ifVersion), thrown);
    },
    list: () =>
      explained(async () => {
        const names = (await readdir(folder)).filter((file) => file.endsWith(ending));
        return names
          .map((file) => file.slice(0, -ending.length))
          .filter((name) => namePattern.test(name))
          .toSorted();
      }),
    versions: (name) =>
      explained(async () => {
        await locate(name);
        const kept = await backups.list(name);
        return kept.map(({ text, replacedAt }) => ({ text, replacedAt, version: versionOf(Buffer.from(text)) }));
      }),
    async obstacle() {
      try {
        await access(`${folder}/.`, constants.W_OK | constants.X_OK);
        return undefined;
      } catch (error) {
        const explanation = explainFailure(error);
        if (explanation instanceof ConfigFileError) return explanation;
        throw error;
      }
    },
  };
}

async function explained<Result>(run: () => Promise<Result>, thrown?: { byEdit?: unknown }): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw error === thrown?.byEdit ? error : explainFailure(error);
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

async function readBytes(file: string, name: string): Promise<Buffer | undefined> {
  // Without O_NONBLOCK a named pipe would hold us for ever.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle: FileHandle | undefined = await open(file, flags).catch(undefinedIfMissing);
  if (!handle) return undefined;
  try {
    const { size } = await ensureFile(handle, name);
    if (size > bytesMax) throw tooLarge(name);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function ensureFile(handle: FileHandle, name: string): Promise<{ size: number }> {
  const stats = await handle.stat();
  if (!stats.isFile()) throw new ConfigFileError("not_text", `${name}${ending} is not a file.`);
  return stats;
}

function decode(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigFileError("not_text", `${name}${ending} is not a text in UTF-8.`, { cause });
  }
}

function parse(text: string, name: string): ConfigObject {
  try {
    return parseJson5(text);
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    throw new ConfigFileError(error.kind, `${name}${ending}, ${error.message}.`, { cause: error });
  }
}

const versionOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex").slice(0, 32);

const tooLarge = (name: string) => new ConfigFileError("too_large", `${name}${ending} is larger than 1 MB.`);

const conflict = (name: string) =>
  new ConfigFileError("conflict", `${name}${ending} has been changed meanwhile: read it again.`);
