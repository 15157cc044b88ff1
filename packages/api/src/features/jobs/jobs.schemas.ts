import { z } from "zod";
import { Instant, NoInput } from "../../rest-input.ts";

export const ListJobsInput = NoInput;

const Count = z.int().min(0);

export const ListJobsOutput = z
  .object({
    jobs: z.array(
      z.object({
        name: z.string(),
        everySeconds: z.number().optional().meta({ description: "Absent for a job that is run on demand." }),
        nextAt: Instant.optional().meta({ description: "Absent when no worker has scheduled it." }),
        counts: z.object({ waiting: Count, delayed: Count, active: Count, completed: Count, failed: Count }).meta({
          description: "Ended ones as far as they are kept.",
        }),
        failures: z
          .array(z.object({ id: z.string(), failedAt: Instant.optional(), reason: z.string(), attempts: Count }))
          .meta({ description: "The newest first, at most 20." }),
      }),
    ),
  })
  .meta({
    id: "Jobs",
    examples: [
      {
        jobs: [
          {
            name: "queue.poll",
            everySeconds: 5,
            nextAt: "2026-08-21T13:20:15.000Z",
            counts: { waiting: 0, delayed: 1, active: 0, completed: 10, failed: 0 },
            failures: [],
          },
        ],
      },
    ],
  });
export type ListJobsOutput = z.infer<typeof ListJobsOutput>;
