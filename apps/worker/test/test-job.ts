import { defineJob, type JobContract } from "@robin/jobs";
import { z } from "zod";

/** A contract that repeats quickly and keeps what a test wants to see. */
export function testJob(overrides: Partial<Omit<JobContract, "payload" | "schedule">> & { everyMs?: number } = {}) {
  const { everyMs, ...rest } = overrides;
  return defineJob({
    name: "test.run",
    payload: z.strictObject({ step: z.int() }),
    ...(everyMs !== undefined && { schedule: { everyMs, payload: { step: 1 } } }),
    concurrency: 1,
    attempts: 3,
    backoff: { type: "fixed", delayMs: 10 },
    keep: { completed: 100, failed: 100 },
    ...rest,
  });
}
