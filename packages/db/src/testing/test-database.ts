import pg from "pg";
import { randomUUID } from "node:crypto";
import { inject } from "vitest";
import { createDb, type Db } from "../client.ts";
import "./provided.ts";

export type TestDatabase = {
  url: string;
  db: Db;
  /** Ends the connections of `db` and everybody else's, and deletes the database. */
  drop: () => Promise<void>;
};

async function asAdmin(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject("postgresUrl") });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A migrated, empty database for one test file. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await asAdmin(`CREATE DATABASE ${name} TEMPLATE ${inject("postgresTemplate")}`);
  const url = new URL(inject("postgresUrl"));
  url.pathname = `/${name}`;
  const db = createDb(url.href, { maxConnections: 5 });
  const drop = async () => {
    await db.$disconnect();
    await asAdmin(`DROP DATABASE ${name} WITH (FORCE)`);
  };
  return { url: url.href, db, drop };
}

/** A database without any table, for tests of the migrations themselves. */
export async function createEmptyDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await asAdmin(`CREATE DATABASE ${name}`);
  const url = new URL(inject("postgresUrl"));
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asAdmin(`DROP DATABASE ${name} WITH (FORCE)`) };
}
