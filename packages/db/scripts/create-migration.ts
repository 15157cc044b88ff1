/** Usage: node scripts/create-migration.ts <name>. Writes the migration that leads from the present ones to the schema. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmbeddedPostgres } from "../src/embedded/index.ts";
import { migrationsDir, readMigrations } from "../src/migrations.ts";
import { diffMigrationsToSchema } from "../src/schema-diff.ts";

const name = process.argv[2];
if (!name || !/^[a-z0-9_]+$/.test(name)) {
  console.error("Usage: node scripts/create-migration.ts <name>, the name in lower case with underscores");
  process.exit(1);
}

const dataDir = mkdtempSync(path.join(tmpdir(), "robin-migration-"));
const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
try {
  const sql = await diffMigrationsToSchema(postgres.url);
  if (sql === "") {
    console.log("The migrations agree with the schema: nothing to do.");
  } else {
    const number = String((await readMigrations()).length + 1).padStart(4, "0");
    const file = path.join(migrationsDir, `${number}_${name}`, "migration.sql");
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, sql);
    writeFileSync(path.join(migrationsDir, "migration_lock.toml"), 'provider = "postgresql"\n');
    console.log(`Wrote ${path.relative(process.cwd(), file)}. Read it before you commit it.`);
  }
} finally {
  await postgres.stop();
  rmSync(dataDir, { recursive: true });
}
