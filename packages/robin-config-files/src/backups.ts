import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

const keptMax = 10;
/** Below Robin's folder, which has the room and the rights that the files have. */
const subfolder = ".gateway-versions";

interface Backup {
  text: string;
  replacedAt: Date;
}

export interface Backups {
  keep(name: string, text: string): Promise<void>;
  /** Removes all but the last ten. */
  prune(name: string): Promise<void>;
  /** The latest first. */
  list(name: string): Promise<Backup[]>;
}

/** One caller at a time. A file is called `clamav.000012.1790000000000.json5`: its number, and when it was replaced. */
export function createBackups(folder: string, clock: { now(): Date }): Backups {
  const home = path.join(folder, subfolder);

  async function entriesOf(name: string): Promise<{ file: string; number: number; replacedAt: Date }[]> {
    const files = await readdir(home).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    });
    return files
      .flatMap((file) => {
        const [, of, number, time] = /^([a-z0-9-]+)\.(\d{6,})\.(\d+)\.json5$/.exec(file) ?? [];
        return of === name ? [{ file, number: Number(number), replacedAt: new Date(Number(time)) }] : [];
      })
      .toSorted((a, b) => b.number - a.number);
  }

  return {
    async keep(name, text) {
      await mkdir(home, { recursive: true, mode: 0o700 });
      const number = String(((await entriesOf(name))[0]?.number ?? 0) + 1).padStart(6, "0");
      const file = path.join(home, `${name}.${number}.${clock.now().getTime()}.json5`);
      await writeFile(file, text, { mode: 0o600, flush: true });
      await chmod(file, 0o600);
    },
    async prune(name) {
      const surplus = (await entriesOf(name)).slice(keptMax);
      await Promise.all(surplus.map(({ file }) => rm(path.join(home, file), { force: true })));
    },
    async list(name) {
      const entries = (await entriesOf(name)).slice(0, keptMax);
      return Promise.all(
        entries.map(async ({ file, replacedAt }) => ({
          replacedAt,
          text: await readFile(path.join(home, file), "utf8"),
        })),
      );
    },
  };
}
