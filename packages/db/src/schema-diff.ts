import { noFilters, readMigrations, readSchema, toMigrationList } from "./migrations.ts";
import { withSchemaEngine } from "./schema-engine.ts";

/**
 * The SQL that leads from the migrations to the schema; empty when they agree. The migrations are run in a shadow
 * database beside the one at `url`, whose user must be allowed to create it.
 */
export async function diffMigrationsToSchema(url: string, schemaText?: string): Promise<string> {
  const migrations = await readMigrations();
  const schema = await readSchema(schemaText);
  const { exitCode, stdout } = await withSchemaEngine(url, (engine) =>
    engine.diff({
      from: migrations.length === 0 ? { tag: "empty" } : { tag: "migrations", ...toMigrationList(migrations) },
      to: { tag: "schemaDatamodel", ...schema },
      script: true,
      exitCode: true,
      filters: noFilters,
    }),
  );
  return exitCode === 0 ? "" : (stdout ?? "");
}
