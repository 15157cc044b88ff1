import type { JobsOptions } from "bullmq";
import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import type { BackendQueue, JobsConnection } from "./connection.ts";
import type { JobContract } from "./contracts.ts";

export interface JobQueues {
  /**
   * Resolves with the job's id once it is stored.
   * @throws ZodError when the payload is not the contract's; the driver's error when the server is away.
   */
  add<Payload extends z.ZodType>(contract: JobContract<Payload>, payload: z.input<Payload>): Promise<string>;
  /**
   * Makes the stored schedules those of the contracts. May be called any number of times, by any number of workers, and
   * has to be from time to time: a schedule that is found to wait for nothing in two calls is begun anew.
   */
  schedule(): Promise<void>;
  /** How many jobs are in which state, by the job's name. */
  counts(): Promise<Map<string, JobCounts>>;
  /** What is going on with a kind of job, and what went wrong lately, the newest first. */
  inspect(contract: JobContract): Promise<JobOverview>;
  close(): Promise<void>;
}

export interface JobCounts {
  waiting: number;
  delayed: number;
  active: number;
  completed: number;
  failed: number;
}

export interface FailedJob {
  id: string;
  failedAt?: Date;
  reason: string;
  attempts: number;
}

export interface JobOverview {
  counts: JobCounts;
  /** As it is stored: the worker may have set another pace than the contract's. */
  everyMs?: number;
  /** Of the next tick, where there is a schedule. */
  nextAt?: Date;
  failures: FailedJob[];
}

/** Of failed jobs that are told. */
const failuresMax = 20;

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

async function countsOf(queue: BackendQueue): Promise<JobCounts> {
  const counts = await queue.getJobCounts("waiting", "prioritized", "delayed", "active", "completed", "failed");
  const { waiting = 0, prioritized = 0, delayed = 0, active = 0, completed = 0, failed = 0 } = counts;
  return { waiting: waiting + prioritized, delayed, active, completed, failed };
}

async function overviewOf(queue: BackendQueue, { name }: JobContract): Promise<JobOverview> {
  const [counts, scheduler, failed] = await Promise.all([
    countsOf(queue),
    queue.getJobScheduler(name),
    queue.getJobs(["failed"], 0, failuresMax - 1, false),
  ]);
  return {
    counts,
    ...(scheduler?.every !== undefined && { everyMs: scheduler.every }),
    ...(scheduler?.next !== undefined && { nextAt: new Date(scheduler.next) }),
    failures: failed.map(({ id, finishedOn, failedReason, attemptsMade }) => ({
      id: id ?? "",
      ...(finishedOn !== undefined && { failedAt: new Date(finishedOn) }),
      reason: failedReason,
      attempts: attemptsMade,
    })),
  };
}

/** Jobs of a schedule that are still to end. While there is one, the schedule goes on by itself. */
async function pendingOf(queue: BackendQueue, name: string): Promise<number> {
  const jobs = await queue.getJobs(["waiting", "prioritized", "delayed", "active"]);
  return jobs.filter(({ repeatJobKey }) => repeatJobKey === name).length;
}

/**
 * BullMQ makes the next tick when one begins. Where another worker stores the schedule in that moment, as one that
 * starts would, the two can leave different ideas of which tick is next, and then the ticks end for good. So a schedule
 * is only stored when it is not what it should be, or when its ticks have ended.
 */
async function applySchedule(queue: BackendQueue, contract: JobContract, idleAt: Map<string, number>): Promise<void> {
  const { name, schedule, concurrency } = contract;
  await queue.setGlobalConcurrency(concurrency);
  const stored = await queue.getJobScheduler(name);
  if (!schedule) {
    // A former version may have scheduled it.
    if (stored) await queue.removeJobScheduler(name);
    return;
  }
  const data: unknown = contract.payload.parse(schedule.payload);
  const opts = jobOptions(contract);
  const isWanted = stored?.every === schedule.everyMs && isDeepStrictEqual(stored.template, { data, opts });
  if (isWanted) {
    if ((await pendingOf(queue, name)) > 0) {
      idleAt.delete(name);
      return;
    }
    // The jobs are not read in one moment: one look alone may have missed a tick on its way.
    if (idleAt.get(name) !== stored.next) {
      idleAt.set(name, stored.next ?? 0);
      return;
    }
  }
  idleAt.delete(name);
  await queue.upsertJobScheduler(name, { every: schedule.everyMs }, { name, data, opts });
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
  /** The tick that a schedule is said to wait for, by its name, while no such job was found. */
  const idleAt = new Map<string, number>();

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
      await Promise.all(contracts.map((contract) => applySchedule(queueOf(contract), contract, idleAt)));
    },
    counts: async () => {
      const all = [...queues].map(async ([name, queue]) => [name, await countsOf(queue)] as const);
      return new Map(await Promise.all(all));
    },
    inspect: (contract) => overviewOf(queueOf(contract), contract),
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}
