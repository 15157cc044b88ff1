import type { BackendWorker, BackendWorkerOptions, JobsConnection } from "@robin/jobs";
import { UnrecoverableError } from "bullmq";
import type { Logger } from "pino";
import type { JobContext, JobHandler } from "./handler.ts";
import { toJobError } from "./job-error.ts";
import type { EndedJob } from "./meters.ts";

export interface RunnerOptions {
  connection: JobsConnection;
  handlers: readonly JobHandler[];
  context: Omit<JobContext, "signal">;
  onJob: (job: EndedJob) => void;
  /** Gets what goes wrong outside of jobs. */
  onError: (error: Error) => void;
  /** How soon a killed worker's job is noticed; tests do not want to wait for it. */
  takeover?: Pick<BackendWorkerOptions, "lockDuration" | "stalledInterval">;
}

export interface Runner {
  /**
   * Takes no more jobs, tells the running ones to end, and waits for them. With `force` it does not wait for the server
   * to hear of it: their jobs run again, as after a crash.
   */
  close(options: { force: boolean }): Promise<void>;
}

interface FailedJob {
  id?: string | undefined;
  attemptsMade: number;
  opts: { attempts?: number | undefined };
}

function logFailure(logger: Logger, job: FailedJob | undefined, error: Error): void {
  const { id, attemptsMade = 0, opts } = job ?? {};
  const final = error instanceof UnrecoverableError || attemptsMade >= (opts?.attempts ?? 1);
  const err = error.cause ?? error;
  if (final) logger.error({ jobId: id, attemptsMade, err }, "job failed for good");
  else logger.warn({ jobId: id, attemptsMade, err }, "job failed, will be tried again");
}

/** Starts one BullMQ worker per handler and resolves when all of them listen. */
export async function startRunner(options: RunnerOptions): Promise<Runner> {
  const { connection, handlers, context, onJob, onError, takeover } = options;
  const stopping = new AbortController();
  const running = new Set<Promise<unknown>>();
  const workers = handlers.map(({ contract, run }): BackendWorker => {
    const logger = context.logger.child({ job: contract.name });
    const worker = connection.createWorker(
      contract.name,
      async (job) => {
        const started = performance.now();
        const jobLogger = logger.child({ jobId: job.id });
        const handled = run(job.data, { ...context, logger: jobLogger, signal: stopping.signal });
        running.add(handled);
        try {
          const result = await handled;
          const durationMs = Math.round(performance.now() - started);
          jobLogger.debug({ durationMs, result }, "job done");
          onJob({ name: contract.name, outcome: "done", durationMs, result });
          return result;
        } catch (error) {
          onJob({ name: contract.name, outcome: "failed", durationMs: performance.now() - started });
          throw toJobError(error);
        } finally {
          running.delete(handled);
        }
      },
      { ...takeover, concurrency: contract.concurrency },
    );
    worker.on("failed", (job, error) => {
      logFailure(logger, job, error);
    });
    worker.on("stalled", (jobId) => {
      logger.warn({ jobId }, "job of a worker that is gone was taken over");
    });
    worker.on("error", onError);
    return worker;
  });
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  return {
    close: async ({ force }) => {
      stopping.abort();
      if (force) await Promise.allSettled(running);
      await Promise.all(workers.map((worker) => worker.close(force)));
    },
  };
}
