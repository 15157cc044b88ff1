import { z } from "zod";

export interface JobContract<Payload extends z.ZodType = z.ZodType> {
  /** `resource.action`; also the name of its queue and of its schedule. */
  readonly name: string;
  /** Ids and numbers, never secrets: payloads are stored and logged. */
  readonly payload: Payload;
  /** One tick per interval, however many workers run. Absent when somebody adds the job. */
  readonly schedule?: { readonly everyMs: number; readonly payload: z.input<Payload> };
  /** How many run at once, in all workers together. */
  readonly concurrency: number;
  /** Runs before a job that keeps failing is given up; a permanent error ends it at once. */
  readonly attempts: number;
  /** Wait before a repeat; doubles each time when exponential. */
  readonly backoff: { readonly type: "fixed" | "exponential"; readonly delayMs: number };
  /** How many finished jobs are kept to look at. */
  readonly keep: { readonly completed: number; readonly failed: number };
}

/** Binds the schedule's payload to the payload's schema. */
export function defineJob<Payload extends z.ZodType>(contract: JobContract<Payload>): JobContract<Payload> {
  return contract;
}

const minuteMs = 60_000;

/** Every job there is. The worker refuses to start without a handler for each. */
export const contracts = {
  /** Deletes sessions and refresh tokens that nobody can use any more. */
  sessionsCleanUp: defineJob({
    name: "sessions.cleanUp",
    payload: z.strictObject({
      /** Days that a session is kept after it expired or was revoked. */
      keepDays: z.int().min(1),
      /** Rows deleted by one statement, so that none holds its locks for long. */
      batchSize: z.int().min(1).max(10_000),
    }),
    schedule: { everyMs: 60 * minuteMs, payload: { keepDays: 30, batchSize: 1000 } },
    concurrency: 1,
    attempts: 5,
    backoff: { type: "exponential", delayMs: 10_000 },
    keep: { completed: 24, failed: 100 },
  }),
  /**
   * Asks Robin how it is and stores that. The worker sets the pace, from METRICS_SAMPLE_SECONDS. A tick that finds Robin
   * away stores nothing and has not failed: the next one is as good as a repeat.
   */
  metricsSample: defineJob({
    name: "metrics.sample",
    payload: z.strictObject({
      /** Samples are stored under multiples of it, so that a tick that runs twice stores one. */
      sampleSeconds: z.int().min(1).max(60),
    }),
    schedule: { everyMs: 15_000, payload: { sampleSeconds: 15 } },
    concurrency: 1,
    attempts: 1,
    backoff: { type: "fixed", delayMs: 1000 },
    keep: { completed: 10, failed: 10 },
  }),
  /** Sums samples up by minutes, five minutes and hours, and deletes what was kept for long enough. */
  metricsDownSample: defineJob({
    name: "metrics.downSample",
    payload: z.strictObject({
      /** Rows deleted by one statement. */
      batchSize: z.int().min(1).max(10_000),
    }),
    schedule: { everyMs: minuteMs, payload: { batchSize: 5000 } },
    concurrency: 1,
    attempts: 1,
    backoff: { type: "fixed", delayMs: 1000 },
    keep: { completed: 10, failed: 10 },
  }),
  /**
   * Brings Robin's blocklist to what ours is: soon after an entry has expired, and each minute whatever happened, since a
   * gateway may have died half-way. A tick that fails is as good as repeated by the next one.
   */
  blocklistProject: defineJob({
    name: "blocklist.project",
    payload: z.strictObject({}),
    schedule: { everyMs: 10_000, payload: {} },
    concurrency: 1,
    attempts: 1,
    backoff: { type: "fixed", delayMs: 1000 },
    keep: { completed: 10, failed: 10 },
  }),
  /**
   * Goes on with what is ordered for many items of the queue: the orders wait in a table, so that none is lost with
   * Redis. A tick lasts as long as there is something to do and Robin is there; the next one goes on where it ended.
   */
  queueBulk: defineJob({
    name: "queue.bulk",
    payload: z.strictObject({
      /** Items that Robin is asked to change at a stretch. */
      batchSize: z.int().min(1).max(1000),
    }),
    schedule: { everyMs: 2000, payload: { batchSize: 100 } },
    concurrency: 1,
    attempts: 1,
    backoff: { type: "fixed", delayMs: 1000 },
    keep: { completed: 10, failed: 10 },
  }),
  /**
   * Looks at Robin's queue and stores what has changed. The worker sets pace and share, from QUEUE_POLL_SECONDS and
   * QUEUE_POLL_SHARE. A tick that finds Robin away stores nothing and has not failed: the next one is as good as a repeat.
   */
  queuePoll: defineJob({
    name: "queue.poll",
    payload: z.strictObject({
      pollSeconds: z.int().min(1).max(60),
      /** How much of Robin's time the reading of its queue may take. */
      sharePercent: z.int().min(1).max(100),
    }),
    schedule: { everyMs: 5000, payload: { pollSeconds: 5, sharePercent: 10 } },
    concurrency: 1,
    attempts: 1,
    backoff: { type: "fixed", delayMs: 1000 },
    keep: { completed: 10, failed: 10 },
  }),
  /** Orders bulk runs for the standing rules whose time has come. */
  queueRules: defineJob({
    name: "queue.rules",
    payload: z.strictObject({}),
    schedule: { everyMs: 30_000, payload: {} },
    concurrency: 1,
    attempts: 1,
    backoff: { type: "fixed", delayMs: 1000 },
    keep: { completed: 10, failed: 10 },
  }),
  /** Looks at every alert rule, from what is stored: Robin is not asked. Missed ticks are an alert themselves. */
  alertsEvaluate: defineJob({
    name: "alerts.evaluate",
    payload: z.strictObject({}),
    schedule: { everyMs: 15_000, payload: {} },
    concurrency: 1,
    attempts: 1,
    backoff: { type: "fixed", delayMs: 1000 },
    keep: { completed: 10, failed: 10 },
  }),
  /**
   * Sends what is due to webhooks. The messages wait in a table, each with the time of its next attempt, so that none is
   * lost with Redis; the back-off is theirs, not the job's.
   */
  alertsDeliver: defineJob({
    name: "alerts.deliver",
    payload: z.strictObject({}),
    schedule: { everyMs: 5000, payload: {} },
    concurrency: 1,
    attempts: 1,
    backoff: { type: "fixed", delayMs: 1000 },
    keep: { completed: 10, failed: 10 },
  }),
  /** Deletes bulk runs, alerts and messages that ended long ago. */
  recordsCleanUp: defineJob({
    name: "records.cleanUp",
    payload: z.strictObject({
      /** Days that a bulk run, a delivered message and a dead letter are kept. */
      runDays: z.int().min(1),
      /** Days that an alert is kept after its end. */
      alertDays: z.int().min(1),
    }),
    schedule: { everyMs: 60 * minuteMs, payload: { runDays: 90, alertDays: 366 } },
    concurrency: 1,
    attempts: 1,
    backoff: { type: "fixed", delayMs: 1000 },
    keep: { completed: 10, failed: 10 },
  }),
  /** Deletes what the queue's record has kept for long enough. */
  queueCleanUp: defineJob({
    name: "queue.cleanUp",
    payload: z.strictObject({
      /** Days that an item is kept after it has left. */
      itemDays: z.int().min(1),
      /** Deltas are kept for so long, */
      deltaMinutes: z.int().min(1),
      /** and at most so many. */
      deltasMax: z.int().min(1),
      /** Rows deleted by one statement. */
      batchSize: z.int().min(1).max(10_000),
    }),
    schedule: {
      everyMs: minuteMs,
      payload: { itemDays: 30, deltaMinutes: 60, deltasMax: 1000, batchSize: 5000 },
    },
    concurrency: 1,
    attempts: 1,
    backoff: { type: "fixed", delayMs: 1000 },
    keep: { completed: 10, failed: 10 },
  }),
};
