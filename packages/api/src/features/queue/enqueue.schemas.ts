import { z } from "zod";

export const EnqueueOutput = z
  .object({
    messageId: z
      .string()
      .optional()
      .meta({ description: "Message-ID header in angle brackets; absent when a raw message has none." }),
    queued: z.array(
      z.object({
        to: z.string(),
        sessionUid: z.string().meta({ description: "Find the new item in the queue list by this `sessionUid`." }),
      }),
    ),
    failed: z
      .array(z.object({ to: z.string(), message: z.string() }))
      .meta({ description: "Recipients that Robin could not take, when others had been taken already." }),
  })
  .meta({
    id: "EnqueueResult",
    examples: [
      {
        messageId: "<b1d5-7f@example.com>",
        queued: [{ to: "pepper@example.com", sessionUid: "5a2ce6a0-7d0d-4a3c-9d2f-6a9c1d1e8f10" }],
        failed: [],
      },
    ],
  });
export type EnqueueOutput = z.infer<typeof EnqueueOutput>;
