import type pg from "pg";
import { noFilters, readMigrations, toMigrationList } from "./migrations.ts";
import { connectWhenUp } from "./wait-for-database.ts";

export type MigrateOptions = {
  /** How long to wait for a database that is still starting up. */
  waitMs?: number;
};

/** Ours; the schema engine takes another one (72707369) itself and gives up on it after 10 s. */
const advisoryLockId = 7_262_696_601;

/**
 * The engine's own table, word for word. The engine makes it only in an empty database, but ours may be shared with
 * Robin, whose tables are there before.
 */
const migrationsTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

async function appliedNames(client: pg.Client): Promise<Set<string>> {
  const { rows: tables } = await client.query<{ name: string | null }>(
    "SELECT to_regclass('_prisma_migrations') AS name",
  );
  if (!tables[0]?.name) {
    await client.query(migrationsTable);
    return new Set();
  }
  const { rows } = await client.query<{ migration_name: string }>(
    "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL",
  );
  return new Set(rows.map((row) => row.migration_name));
}

/**
 * The engine goes no further when an earlier try failed. But a failed migration of ours left nothing behind, and nobody
 * else is migrating while we hold the lock, so it may be tried again.
 */
async function forgetFailedTries(client: pg.Client): Promise<void> {
  await client.query(
    "UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL",
  );
}

/** One sentence: the engine's errors come with their origin in front and a trace of its own source behind. */
function describeFailure(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const name = /migration_name="([^"]+)"/.exec(text)?.[1];
  const reason = text
    .replace(/\n +0: [^]*$/, "")
    .replace(/^[^]*Error querying the database: /, "")
    .replace(/\s*\n\s*/g, " ");
  return `The database could not be migrated${name ? ` (${name})` : ""}: ${reason.trim()}`;
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
    const applied = await appliedNames(client);
    if (migrations.every(({ name }) => applied.has(name))) return { applied: [] };
    await forgetFailedTries(client);
    // Loaded only when needed: the engine is 3 MB of WebAssembly.
    const { withSchemaEngine } = await import("./schema-engine.ts");
    const { appliedMigrationNames } = await withSchemaEngine(url, (engine) =>
      engine.applyMigrations({ migrationsList: toMigrationList(migrations), filters: noFilters }),
    );
    return { applied: appliedMigrationNames };
  } catch (error) {
    throw new Error(describeFailure(error), { cause: error });
  } finally {
    await client.end();
  }
}
