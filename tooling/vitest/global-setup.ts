/** One PostgreSQL and one Redis for all integration tests of a run; each test file takes a database of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { migrate } from "@robin/db";
import { startEmbeddedPostgres } from "@robin/db/embedded";
import type {} from "@robin/db/testing";
import type { TestProject } from "vitest/node";
import { findOnPath } from "./find-on-path.ts";
import { startRedis } from "./redis.ts";

/** Called by vitest before the first test; what it returns is called after the last one, also when tests failed. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "robin-test-"));
  const stops: (() => Promise<void>)[] = [];
  const removeData = () => {
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  };
  const stopAll = async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
    removeData();
  };
  // Ctrl-C ends vitest without asking us; the servers end with it, but the files would stay.
  process.once("exit", removeData);
  try {
    const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
    stops.push(() => postgres.stop());
    await migrate(postgres.url);
    const admin = new URL(postgres.url);
    project.provide("postgresTemplate", admin.pathname.slice(1));
    admin.pathname = "/postgres";
    project.provide("postgresUrl", admin.href);

    const redisServer = findOnPath("redis-server");
    if (redisServer) {
      const redis = await startRedis(redisServer);
      stops.push(() => redis.stop());
      project.provide("redisUrl", redis.url);
    } else {
      project.provide("redisUrl", null);
    }
    return stopAll;
  } catch (error) {
    await stopAll();
    throw error;
  }
}
