import { z } from "zod";
import { Instant, instantParam, textParam } from "../../rest-input.ts";

export const QueueHistoryInput = z.strictObject({
  start: instantParam("From then on; an hour before `end` by default.").optional(),
  end: instantParam("Until before then; now by default.").optional(),
  domain: textParam({ charsMax: 253, description: "Only items with a recipient in this domain." }).optional(),
});
export type QueueHistoryInput = z.infer<typeof QueueHistoryInput>;

const Count = z.int().min(0);

export const QueueHistoryOutput = z
  .object({
    startTime: Instant,
    endTime: Instant,
    interval: z.int().min(60).meta({ description: "Seconds between two points." }),
    domain: z.string().optional(),
    points: z
      .array(
        z.object({
          timestamp: Instant,
          ready: Count,
          claimed: Count,
          dead: Count,
          arrivals: Count,
          departures: Count,
          retries: Count,
        }),
      )
      .meta({
        description:
          "At most 300. Each stands for `interval` from its time on: the sizes at its end, and what came, went and was tried again in it; the time of the last one may not be over. While nobody looked there is no point.",
      }),
  })
  .meta({
    id: "QueueHistory",
    examples: [
      {
        startTime: "2026-08-21T09:00:00.000Z",
        endTime: "2026-08-21T10:00:00.000Z",
        interval: 60,
        points: [
          {
            timestamp: "2026-08-21T09:00:00.000Z",
            ready: 6,
            claimed: 1,
            dead: 2,
            arrivals: 3,
            departures: 4,
            retries: 1,
          },
        ],
      },
    ],
  });
export type QueueHistoryOutput = z.infer<typeof QueueHistoryOutput>;
