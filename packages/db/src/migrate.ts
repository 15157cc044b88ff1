import type pg from "pg";
import { noFilters, readMigrations, toMigrationList, type Migration } from "./migrations.ts";
import { connectWhenUp } from "./wait-for-database.ts";

export type MigrateOptions = {
  /** How long to wait for a database that is still starting up. */
  waitMs?: number;
};

/** Ours; the schema engine takes another one (72707369) itself and gives up on it after 10 s. */
const advisoryLockId = 7_262_696_601;

async function pendingMigrations(client: pg.Client, migrations: Migration[]): Promise<Migration[]> {
  const { rows: tables } = await client.query<{ name: string | null }>(
    "SELECT to_regclass('_prisma_migrations') AS name",
  );
  if (!tables[0]?.name) return migrations;
  const { rows } = await client.query<{ migration_name: string }>(
    "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL",
  );
  const applied = new Set(rows.map((row) => row.migration_name));
  return migrations.filter(({ name }) => !applied.has(name));
}

/** Also for an error of the schema engine, which is an object with a message and no Error. */
function messageOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "message" in error) return String(error.message);
  return String(error);
}

/**
 * Applies the migrations that the database does not have yet, and says which. Any number of processes may call it at
 * once: one works, the others wait for it and find nothing to do. Throws DatabaseUnavailableError when the
 * database cannot be reached.
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<{ applied: string[] }> {
  const migrations = await readMigrations();
  const client = await connectWhenUp(url, options.waitMs ?? 30_000);
  try {
    await client.query("SELECT pg_advisory_lock($1)", [advisoryLockId]);
    const pending = await pendingMigrations(client, migrations);
    if (pending.length === 0) return { applied: [] };
    // Loaded only when needed: the engine is 3 MB of WebAssembly.
    const { withSchemaEngine } = await import("./schema-engine.ts");
    const { appliedMigrationNames } = await withSchemaEngine(url, (engine) =>
      engine.applyMigrations({ migrationsList: toMigrationList(migrations), filters: noFilters }),
    );
    return { applied: appliedMigrationNames };
  } catch (error) {
    throw new Error(`The database could not be migrated: ${messageOf(error)}`, { cause: error });
  } finally {
    await client.end();
  }
}
