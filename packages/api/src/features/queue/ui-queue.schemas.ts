import { z } from "zod";
import { intParam } from "../../rest-input.ts";
import { queuePageSizeMax } from "./queue.schemas.ts";

export const UiQueueInput = z.strictObject({
  page: intParam({ min: 0, max: 999_999, description: "Page number, from 0.", fallback: 0 }).default(0),
  size: intParam({ min: 1, max: queuePageSizeMax, description: "Items on a page.", fallback: 50 }).default(50),
});
export type UiQueueInput = z.infer<typeof UiQueueInput>;

const Count = z.int().min(0);

/** What neither Robin nor our record tells is left out: the UI refuses nulls. */
const UiQueueItem = z
  .object({
    uid: z.string(),
    protocol: z.string(),
    mailbox: z.string().meta({ description: "The recipients: at most five, and how many more there are." }),
    retryCount: Count,
    maxRetryCount: z.int().min(1).optional().meta({ description: "Of all items; absent when Robin tells none." }),
    createTime: Count.optional().meta({
      description: "Milliseconds since 1970: when the gateway saw it first. Absent until then, a few seconds.",
    }),
    lastRetryTime: Count.optional().meta({ description: "Milliseconds since 1970; absent before the first retry." }),
    nextRetryTime: Count.optional().meta({ description: "Milliseconds since 1970, by Robin's schedule." }),
    error: z.string().optional().meta({ description: "Of the last attempt, where the gateway knows it." }),
  })
  .meta({ id: "UiQueueItem" });

export const UiQueuePage = z
  .object({
    items: z.array(UiQueueItem),
    totalCount: Count.meta({ description: "Items on all pages." }),
    pageSize: Count,
    pageNumber: Count.meta({ description: "From 0." }),
  })
  .meta({
    examples: [
      {
        items: [
          {
            uid: "0c1e5891-3ea6-4d36-b29e-ebe755134150",
            protocol: "ESMTP",
            mailbox: "pepper@example.com",
            retryCount: 2,
            maxRetryCount: 30,
            createTime: 1_790_000_180_000,
            lastRetryTime: 1_790_000_300_000,
            nextRetryTime: 1_790_000_420_000,
          },
        ],
        totalCount: 1,
        pageSize: 50,
        pageNumber: 0,
      },
    ],
  });
export type UiQueuePage = z.infer<typeof UiQueuePage>;
