import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { startEmbeddedPostgres } from "./embedded/index.ts";
import { createDb, DatabaseUnavailableError, migrate } from "./index.ts";
import { readMigrations } from "./migrations.ts";
import { diffMigrationsToSchema } from "./schema-diff.ts";
import { createEmptyDatabase, createTestDatabase } from "./testing/index.ts";

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function emptyDatabase(): Promise<string> {
  const { url, drop } = await createEmptyDatabase();
  cleanUps.push(drop);
  return url;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("migrations", () => {
  it("lead to the schema: otherwise run `node scripts/create-migration.ts <name>` in packages/db", async () => {
    expect(await diffMigrationsToSchema(await emptyDatabase())).toBe("");
  });

  it("show what a changed schema asks for, without touching the database itself", async () => {
    const url = await emptyDatabase();
    const schema = readFileSync(path.join(import.meta.dirname, "../prisma/schema.prisma"), "utf8");
    const sql = await diffMigrationsToSchema(url, `${schema}\nmodel Added {\n  id Int @id\n}\n`);
    expect(sql).toContain('CREATE TABLE "Added"');
    expect(sql).not.toContain("gateway_users");
    expect(await query(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
    expect(await query(url, "SELECT datname FROM pg_database WHERE datname LIKE 'robin_shadow%'")).toEqual([]);
  });
});

describe("migrate", () => {
  it("applies what is missing, in order, and says so", async () => {
    const url = await emptyDatabase();
    const names = (await readMigrations()).map(({ name }) => name);
    expect(await migrate(url)).toEqual({ applied: names });
    expect(await migrate(url)).toEqual({ applied: [] });
  });

  it("lets one of several processes work and the others wait", async () => {
    const url = await emptyDatabase();
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate(url)));
    expect(results.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
    expect(await query(url, "SELECT count(*)::int AS count FROM _prisma_migrations")).toEqual([
      { count: (await readMigrations()).length },
    ]);
  });

  it("leaves no connection open", async () => {
    const url = await emptyDatabase();
    await migrate(url);
    const others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    // A server takes note of a closed connection a moment later.
    await expect.poll(() => query(url, others)).toEqual([]);
  });

  it("works beside tables that are not ours", async () => {
    const url = await emptyDatabase();
    await query(url, "CREATE TABLE users AS SELECT 'Robin' AS owner");
    expect((await migrate(url)).applied).not.toEqual([]);
    expect(await query(url, "SELECT owner FROM users")).toEqual([{ owner: "Robin" }]);
  });

  it("says which migration failed and why, leaves nothing behind, and may be tried again", async () => {
    const url = await emptyDatabase();
    await query(url, "CREATE TABLE gateway_sessions (id int)");
    await expect(migrate(url)).rejects.toThrow(
      /^The database could not be migrated \(0001_initial\): ERROR: relation "gateway_sessions" already exists$/,
    );
    const ours = "SELECT tablename FROM pg_tables WHERE tablename LIKE 'gateway_%'";
    expect(await query(url, ours)).toEqual([{ tablename: "gateway_sessions" }]);
    await query(url, "DROP TABLE gateway_sessions");
    expect((await migrate(url)).applied).toContain("0001_initial");
  });

  it("waits for a database that is still starting", async () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), "robin-late-"));
    cleanUps.push(() => {
      rmSync(dataDir, { recursive: true });
      return Promise.resolve();
    });
    const first = await startEmbeddedPostgres({ dataDir, durable: false });
    await first.stop();
    const waiting = migrate(first.url);
    const second = await startEmbeddedPostgres({ dataDir, durable: false, port: first.port });
    cleanUps.push(() => second.stop());
    expect((await waiting).applied).toEqual((await readMigrations()).map(({ name }) => name));
  });
});

describe("a database that cannot be used", () => {
  it("is named without its password when nothing listens", async () => {
    const port = await closedPort();
    const failure = await migrate(`postgresql://robin:s3cret@127.0.0.1:${port}/mail`, { waitMs: 50 }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(DatabaseUnavailableError);
    expect(failure).toHaveProperty(
      "message",
      `The database at 127.0.0.1:${port}/mail cannot be reached: nothing listens there.`,
    );
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain("s3cret");
  });

  it("is named without its password when the password is wrong, at once", async () => {
    const url = new URL(await emptyDatabase());
    url.password = "s3cret";
    await expect(migrate(url.href)).rejects.toThrow(
      `The database at ${url.host}${url.pathname} cannot be reached: user or password is wrong.`,
    );
  });

  it("is named when the server does not know it", async () => {
    const url = new URL(await emptyDatabase());
    url.pathname = "/no_such_database";
    await expect(migrate(url.href)).rejects.toThrow("cannot be reached: there is no such database.");
  });

  it("is given up when it does not answer", async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    await expect(migrate(`postgresql://robin:s3cret@127.0.0.1:${port}/mail`, { waitMs: 100 })).rejects.toThrow(
      "no answer in time",
    );
    silent.close();
  });

  it("is not quoted when it is not even a URL", async () => {
    await expect(migrate("robin s3cret", { waitMs: 10 })).rejects.toThrow(
      /^The database at the given URL cannot be reached/,
    );
  });
});

describe("createDb", () => {
  it("holds no more connections than it may", async () => {
    const { url, drop } = await createTestDatabase();
    cleanUps.push(drop);
    const db = createDb(url, { maxConnections: 2 });
    await Promise.all(Array.from({ length: 10 }, () => db.$queryRaw`SELECT pg_sleep(0.01)::text`));
    const rows = await query(
      url,
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    expect(rows).toHaveLength(2);
    await db.$disconnect();
  });
});
