import { migrate } from "@robin/db";
import { contracts, JobsUnavailableError } from "@robin/jobs";
import { EnvironmentError, readEnv } from "./env.ts";
import { createLogger } from "./logger.ts";
import { createRegistry, loadHandlers, RegistryError } from "./registry.ts";
import { startWorker } from "./worker.ts";

/** What an operator can mend, in one sentence. */
class StartError extends Error {
  override readonly name = "StartError";
}

async function start(): Promise<void> {
  const env = readEnv();
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
  process.send?.({ ready: true });

  let stopping = false;
  const stop = (reason: string): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ reason }, "worker is stopping");
    const deadline = setTimeout(() => {
      logger.error("worker did not stop in time; what it was doing will be taken over");
      process.exit(1);
    }, env.SHUTDOWN_SECONDS * 1000);
    void worker
      .close()
      .catch((err: unknown) => {
        logger.error({ err }, "worker did not stop cleanly");
        process.exitCode = 1;
      })
      .finally(() => {
        clearTimeout(deadline);
        if (process.connected) process.disconnect();
      });
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      stop(signal);
    });
  }
  process.once("disconnect", () => {
    stop("parent is gone");
  });
}

/** One sentence for what an operator can mend; a stack for what only a developer can. */
function failureText(error: unknown): string {
  const known = [EnvironmentError, StartError, JobsUnavailableError, RegistryError].some(
    (type) => error instanceof type,
  );
  if (known) return (error as Error).message;
  const { code, port } = error as { code?: string; port?: number };
  if (code === "EADDRINUSE")
    return `Port ${port ?? "?"} is already in use. Stop what uses it, or set WORKER_HEALTH_PORT.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

start().catch((error: unknown) => {
  process.stderr.write(`${failureText(error)}\n`);
  process.exit(1);
});
