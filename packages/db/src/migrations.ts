/** The migration files in the shape that the schema engine wants. */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

const prismaDir = path.join(import.meta.dirname, "../prisma");
export const migrationsDir = path.join(prismaDir, "migrations");

export const noFilters = { externalTables: [], externalEnums: [] };

export type Migration = { name: string; sql: string };

/** In the order of their names, which is the order they are applied in. */
export async function readMigrations(): Promise<Migration[]> {
  const entries = await readdir(migrationsDir, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(path.join(migrationsDir, name, "migration.sql"), "utf8") })),
  );
}

export function toMigrationList(migrations: Migration[]) {
  return {
    baseDir: migrationsDir,
    lockfile: { path: "migration_lock.toml", content: 'provider = "postgresql"\n' },
    shadowDbInitScript: "",
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: "migration.sql", content: { tag: "ok" as const, value: sql } },
    })),
  };
}

/** The schema of this package, or `text` in its place. */
export async function readSchema(text?: string) {
  const file = path.join(prismaDir, "schema.prisma");
  return { files: [{ path: file, content: text ?? (await readFile(file, "utf8")) }] };
}
