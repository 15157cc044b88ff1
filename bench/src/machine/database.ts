import { migrate } from "@robin/db";
import { startEmbeddedPostgres } from "@robin/db/embedded";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { benchEnv } from "../env.ts";
import type { Scope } from "./scope.ts";

/** The URL of a migrated database that ends with us. */
export async function startDatabase(scope: Scope): Promise<string> {
  if (benchEnv.databaseUrl) {
    await migrate(benchEnv.databaseUrl);
    return benchEnv.databaseUrl;
  }
  const dataDir = mkdtempSync(path.join(tmpdir(), "robin-bench-"));
  scope.defer(() => {
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  });
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
  scope.defer(() => postgres.stop());
  await migrate(postgres.url);
  return postgres.url;
}
