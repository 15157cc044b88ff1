import { createPostgresBackend, type PgPool, Queue, runMigrations, Worker } from "bullmq";
import pg from "pg";
import type { JobsConnection } from "./connection.ts";
import { createPatientPool, type PatientPool } from "./patient-pool.ts";
import { waitUntilUp } from "./wait-until-up.ts";

/** BullMQ takes no other one when it is given a pool. */
const schema = "bullmq";

/** The pool itself waits for a database that is away; this is for a statement that broke off. */
const runRetryDelay = 500;

/** BullMQ describes `pg` loosely; it says itself that a real pool will do. */
function asBullPool(pool: pg.Pool): PgPool {
  return pool as unknown as PgPool;
}

/** BullMQ locks them itself: of many processes that start at once one applies them, and the others wait. */
async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await runMigrations(client, schema);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export async function connectToPostgres(config: { url: string; waitMs: number }): Promise<JobsConnection> {
  const { url, waitMs } = config;
  await waitUntilUp(() => migrate(url), { service: "The database", url, waitMs });
  const common = {
    connectionString: url,
    options: `-c search_path=${schema}`,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
  const producer = new pg.Pool({ ...common, max: 4, connectionTimeoutMillis: 5000, query_timeout: 5000 });
  producer.on("error", () => undefined);
  // Each queue listens, and there are more of them than Node takes for a leak.
  producer.setMaxListeners(0);
  // Each worker holds one connection to listen on and has two for its queries, so none can starve another.
  const workerPools: PatientPool[] = [];
  const createWorkerPool = () => {
    const pool = createPatientPool({ ...common, max: 3, connectionTimeoutMillis: 10_000, query_timeout: 30_000 });
    workerPools.push(pool);
    return pool;
  };
  return {
    kind: "postgresql",
    createQueue: (name) => new Queue(name, { connection: asBullPool(producer) }, createPostgresBackend),
    createWorker: (name, processor, options) =>
      new Worker(name, processor, { ...options, runRetryDelay, connection: createWorkerPool() }, createPostgresBackend),
    ping: async () => {
      await producer.query("SELECT 1");
    },
    stopWaiting: () => {
      for (const pool of workerPools) pool.stopWaiting();
    },
    close: async () => {
      await Promise.all([producer, ...workerPools].map((pool) => pool.end()));
    },
  };
}
