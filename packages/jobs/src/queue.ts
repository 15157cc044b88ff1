import type { JobsOptions } from "bullmq";
import type { z } from "zod";
import type { BackendQueue, JobsConnection } from "./connection.ts";
import type { JobContract } from "./contracts.ts";

export interface JobQueues {
  /**
   * Resolves with the job's id once it is stored.
   * @throws ZodError when the payload is not the contract's; the driver's error when the server is away.
   */
  add<Payload extends z.ZodType>(contract: JobContract<Payload>, payload: z.input<Payload>): Promise<string>;
  /** Makes the stored schedules those of the contracts. May be called any number of times, by any number of workers. */
  schedule(): Promise<void>;
  close(): Promise<void>;
}

export interface JobQueuesOptions {
  /** Gets what goes wrong in the background; calls report their own failures. */
  onError: (error: Error) => void;
}

function jobOptions({ attempts, backoff, keep }: JobContract): JobsOptions {
  return {
    attempts,
    backoff: { type: backoff.type, delay: backoff.delayMs, jitter: 0.2 },
    removeOnComplete: { count: keep.completed },
    removeOnFail: { count: keep.failed },
  };
}

async function applySchedule(queue: BackendQueue, contract: JobContract): Promise<void> {
  const { name, schedule, concurrency } = contract;
  await queue.setGlobalConcurrency(concurrency);
  // A former version may have scheduled it otherwise.
  if (!schedule) await queue.removeJobScheduler(name);
  else {
    const data: unknown = contract.payload.parse(schedule.payload);
    await queue.upsertJobScheduler(name, { every: schedule.everyMs }, { name, data, opts: jobOptions(contract) });
  }
}

/** One queue per contract: a slow job delays no other, and each has its own limits. */
export async function openQueues(
  connection: JobsConnection,
  contracts: readonly JobContract[],
  { onError }: JobQueuesOptions,
): Promise<JobQueues> {
  const queues = new Map<string, BackendQueue>();
  for (const { name } of contracts) {
    const queue = connection.createQueue(name);
    queue.on("error", onError);
    queues.set(name, queue);
  }
  await Promise.all([...queues.values()].map((queue) => queue.waitUntilReady()));

  const queueOf = (contract: JobContract): BackendQueue => {
    const queue = queues.get(contract.name);
    if (!queue) throw new Error(`There is no queue for the job ${contract.name}.`);
    return queue;
  };
  return {
    add: async (contract, payload) => {
      const job = await queueOf(contract).add(contract.name, contract.payload.parse(payload), jobOptions(contract));
      if (job.id === undefined) throw new Error(`The job ${contract.name} was stored without an id.`);
      return job.id;
    },
    schedule: async () => {
      await Promise.all(contracts.map((contract) => applySchedule(queueOf(contract), contract)));
    },
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}
