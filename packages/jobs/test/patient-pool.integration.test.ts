import { createEmptyDatabase } from "@robin/db/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createPatientPool, type PatientPool } from "../src/patient-pool.ts";
import { type PortProxy, startPortProxy } from "./port-proxy.ts";

let database: { url: string; drop(): Promise<void> };
let proxy: PortProxy;
let pool: PatientPool;

beforeEach(async () => {
  database = await createEmptyDatabase();
  proxy = await startPortProxy(database.url);
  pool = createPatientPool({ connectionString: proxy.url, max: 2, keepAlive: true });
  pool.on("error", () => undefined);
});
afterEach(async () => {
  await pool.end();
  await proxy.close();
  await database.drop();
});

it("waits for a database that is away", async () => {
  await proxy.cut();
  const answer = pool.query<{ one: number }>("SELECT $1::int AS one", [1]);
  const client = pool.connect();
  await proxy.restore();
  expect((await answer).rows).toEqual([{ one: 1 }]);
  (await client).release();
});

it("says of a statement that broke off that the connection failed, and goes on with another one", async () => {
  const broken = pool.query("SELECT pg_sleep(60)").catch((error: unknown) => error);
  await expect
    .poll(
      async () => (await pool.query("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'")).rows.length,
    )
    .toBe(1);
  await proxy.cut();
  expect(await broken).toMatchObject({ code: "ECONNREFUSED" });
  await proxy.restore();
  // The other connection of the pool may not have noticed yet that it is dead.
  await expect
    .poll(() =>
      pool.query("SELECT 1").then(
        ({ rows }) => rows.length,
        () => 0,
      ),
    )
    .toBe(1);
});

it("leaves the error of a wrong statement as it is", async () => {
  await expect(pool.query("SELECT * FROM nowhere")).rejects.toMatchObject({ code: "42P01" });
});

it("does not wait any longer when it is told so", async () => {
  await proxy.cut();
  const answer = pool.query("SELECT 1").catch((error: unknown) => error);
  pool.stopWaiting();
  expect(await answer).toMatchObject({ code: "ECONNREFUSED" });
  await expect(pool.connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
});
