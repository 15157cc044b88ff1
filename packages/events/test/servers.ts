import { createEmptyDatabase, testRedisUrl } from "@robin/db/testing";
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import pg from "pg";
import type { OpenCarrier, Patience } from "../src/carrier.ts";
import { createEvents } from "../src/create-events.ts";
import type { Events, EventsLogger } from "../src/events.ts";
import { postgresCarrier } from "../src/postgres-carrier.ts";
import { redisCarrier } from "../src/redis-carrier.ts";

export interface TestServer {
  url: string;
  /** By its URL, or that of a proxy. */
  carrier(url: string, patience?: Patience): OpenCarrier;
  createEvents(url: string, logger: EventsLogger): Promise<Events>;
  /** Tells those who listen what no process of ours would say. */
  say(text: string): Promise<void>;
  connections(): Promise<number>;
  killConnections(): Promise<void>;
  drop(): Promise<void>;
}

async function createPostgres(): Promise<TestServer> {
  const { url, drop } = await createEmptyDatabase();
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  const ours = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'robin-events'";
  return {
    url,
    carrier: postgresCarrier,
    createEvents: (databaseUrl, logger) => createEvents({ databaseUrl, logger }),
    say: async (text) => {
      await admin.query("SELECT pg_notify('robin_events', $1)", [`=${text}`]);
    },
    connections: async () => (await admin.query(`SELECT 1 ${ours}`)).rows.length,
    killConnections: async () => {
      await admin.query(`SELECT pg_terminate_backend(pid) ${ours}`);
    },
    drop: async () => {
      await admin.end();
      await drop();
    },
  };
}

/** The server has the connections of other test files too; ours hold a user of their own. */
async function createRedis(): Promise<TestServer> {
  const admin = new Redis(testRedisUrl());
  const name = `test-${randomUUID()}`;
  await admin.call("ACL", "SETUSER", name, "on", ">secret", "~*", "&*", "+@all");
  const url = new URL(testRedisUrl());
  url.username = name;
  url.password = "secret";
  const ours = async () => {
    const lines = (await admin.call("CLIENT", "LIST")) as string;
    return lines.split("\n").filter((line) => line.includes(`user=${name} `) && line.includes("name=robin-events "));
  };
  return {
    url: url.href,
    carrier: (serverUrl, patience) => redisCarrier({ url: serverUrl, prefix: name }, patience),
    createEvents: (redisUrl, logger) => createEvents({ databaseUrl: "", redisUrl, prefix: name, logger }),
    say: async (text) => {
      await admin.publish(`${name}:events`, text);
    },
    connections: async () => (await ours()).length,
    killConnections: async () => {
      await admin.call("CLIENT", "KILL", "USER", name);
    },
    drop: async () => {
      await admin.call("ACL", "DELUSER", name);
      admin.disconnect();
    },
  };
}

export const servers = { postgresql: createPostgres, redis: createRedis };
