import { migrate } from "@robin/db";
import { contracts, JobsUnavailableError } from "@robin/jobs";
import type { Logger } from "pino";
import { type Env, EnvironmentError } from "./env.ts";
import { createLogger } from "./logger.ts";
import { createRegistry, loadHandlers, RegistryError } from "./registry.ts";
import { type RunningWorker, startWorker } from "./worker.ts";

/** What an operator can mend, in one sentence. */
class StartError extends Error {
  override readonly name = "StartError";
}

/** @throws what `failureText` puts into words. */
export async function startFromEnv(env: Env): Promise<{ worker: RunningWorker; logger: Logger }> {
  const logger = createLogger({ level: env.LOG_LEVEL, format: env.LOG_FORMAT });
  const handlers = createRegistry(Object.values(contracts), await loadHandlers());
  // Gateway and worker may start in any order: the first one migrates, the other finds nothing to do.
  await migrate(env.DATABASE_URL).catch((error: unknown) => {
    throw new StartError((error as Error).message, { cause: error });
  });
  const worker = await startWorker({
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    healthPort: env.WORKER_HEALTH_PORT,
    handlers,
    logger,
  });
  logger.info({ backend: worker.backend, jobs: handlers.map(({ contract }) => contract.name) }, "worker is running");
  return { worker, logger };
}

/** One sentence for what an operator can mend; a stack for what only a developer can. */
export function failureText(error: unknown): string {
  const plain = [EnvironmentError, StartError, JobsUnavailableError, RegistryError];
  if (plain.some((type) => error instanceof type)) return (error as Error).message;
  const { code, port } = error as { code?: string; port?: number };
  if (code === "EADDRINUSE") {
    return `Port ${port ?? "?"} is already in use. Stop what uses it, or set WORKER_HEALTH_PORT.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
