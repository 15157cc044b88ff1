import { createEmptyDatabase, testRedisUrl } from "@robin/db/testing";
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";

/** A place for jobs that no other test file uses. */
export interface TestServer {
  kind: "redis" | "postgresql";
  databaseUrl: string;
  redisUrl?: string;
  /** Of Redis' keys. */
  prefix: string;
  /** Where the jobs are kept, for a proxy. */
  storeUrl: string;
  drop(): Promise<void>;
}

/** As after a restart of a Redis that keeps nothing on disk. */
export async function deleteKeys(redisUrl: string, prefix: string): Promise<void> {
  const redis = new Redis(redisUrl);
  const keys = await redis.keys(`${prefix}:*`);
  if (keys.length > 0) await redis.del(keys);
  redis.disconnect();
}

export async function createTestServer(kind: TestServer["kind"]): Promise<TestServer> {
  const database = await createEmptyDatabase();
  const prefix = `test-${randomUUID()}`;
  if (kind === "postgresql") {
    return { kind, databaseUrl: database.url, prefix, storeUrl: database.url, drop: () => database.drop() };
  }
  const redisUrl = testRedisUrl();
  const drop = async () => {
    await deleteKeys(redisUrl, prefix);
    await database.drop();
  };
  return { kind, databaseUrl: database.url, redisUrl, prefix, storeUrl: redisUrl, drop };
}

/** The same server by way of a proxy. */
export function behind(server: TestServer, proxyUrl: string): TestServer {
  return server.kind === "redis" ? { ...server, redisUrl: proxyUrl } : { ...server, databaseUrl: proxyUrl };
}
