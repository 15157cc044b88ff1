import { createConfigFolder } from "@robin/config-files";
import { migrate } from "@robin/db";
import { contracts, type JobContract, JobsUnavailableError } from "@robin/jobs";
import { createRobinClient } from "@robin/sdk";
import type { Logger } from "pino";
import { type Env, EnvironmentError } from "./env.ts";
import { withSchedule } from "./handler.ts";
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
  const sampleSeconds = env.METRICS_SAMPLE_SECONDS;
  const schedules: Record<string, JobContract["schedule"]> = {
    [contracts.metricsSample.name]: { everyMs: sampleSeconds * 1000, payload: { sampleSeconds } },
    [contracts.queuePoll.name]: {
      everyMs: env.QUEUE_POLL_SECONDS * 1000,
      payload: { pollSeconds: env.QUEUE_POLL_SECONDS, sharePercent: env.QUEUE_POLL_SHARE },
    },
  };
  const handlers = createRegistry(Object.values(contracts), await loadHandlers()).map((handler) =>
    withSchedule(handler, schedules[handler.contract.name]),
  );
  // Gateway and worker may start in any order: the first one migrates, the other finds nothing to do.
  await migrate(env.DATABASE_URL).catch((error: unknown) => {
    throw new StartError((error as Error).message, { cause: error });
  });
  const robin = createRobinClient({
    clientApi: { url: env.ROBIN_CLIENT_API_URL, auth: env.ROBIN_CLIENT_API_AUTH },
    serviceApi: { url: env.ROBIN_SERVICE_API_URL, auth: env.ROBIN_SERVICE_API_AUTH },
  });
  const worker = await startWorker({
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    healthPort: env.WORKER_HEALTH_PORT,
    handlers,
    robin,
    configFolder: env.ROBIN_CONFIG_DIR === undefined ? undefined : createConfigFolder({ path: env.ROBIN_CONFIG_DIR }),
    webhooks: { allowPrivate: env.WEBHOOK_ALLOW_PRIVATE },
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
