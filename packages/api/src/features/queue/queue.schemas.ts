import { QueueState } from "@robin/sdk";
import { z } from "zod";
import { Instant, intParam, listParam } from "../../rest-input.ts";

export const queuePageSizeMax = 1000;
export const queueBatchMax = 1000;

const Count = z.int().min(0);
const exampleUid = "0c1e5891-3ea6-4d36-b29e-ebe755134150";

/** Robin makes UUIDs, but takes any text for a uid; an unknown one is simply not found. */
const QueueUid = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[!-~]+$/, "has a character that no queue uid has")
  .meta({ description: "The item's uid as the queue list gives it.", examples: [exampleUid] });

export const ListQueueInput = z.strictObject({
  page: intParam({ min: 1, max: 1_000_000, description: "Page number, from 1.", fallback: 1 }).default(1),
  limit: intParam({ min: 1, max: queuePageSizeMax, description: "Items on a page.", fallback: 50 }).default(50),
  state: listParam(QueueState.options, "Only items in these states; all by default.").optional(),
  protocol: z
    .string()
    .regex(/^[!-~]{1,50}$/, "is not a protocol name")
    .meta({ description: "Only items with this delivery protocol, in any case, such as ESMTP or LMTP." })
    .optional(),
  retryMin: intParam({ min: 0, max: 1_000_000, description: "Only items retried at least this often." }).optional(),
  retryMax: intParam({ min: 0, max: 1_000_000, description: "Only items retried at most this often." }).optional(),
});
export type ListQueueInput = z.infer<typeof ListQueueInput>;

export const QueueItem = z
  .object({
    uid: QueueUid,
    sessionUid: z.string().optional().meta({ description: "The SMTP session that brought the message." }),
    state: QueueState,
    protocol: z.string(),
    retryCount: Count,
    lastRetryAt: Instant.optional().meta({ description: "Absent before the first retry." }),
    envelopeCount: Count.meta({ description: "Envelopes still to be delivered." }),
    recipients: z.array(z.string()).meta({ description: "At most five: Robin shows no more." }),
    recipientsHidden: Count.meta({ description: "How many further recipients Robin counts, repeats included." }),
    files: z.array(z.string()).meta({ description: "Names of the message files, at most five." }),
    sender: z.string().optional().meta({ description: "Only of mail that came through the gateway." }),
    firstSeenAt: Instant.optional().meta({
      description: "When the gateway saw it first, a few seconds after it was queued. Absent until then.",
    }),
    nextAttemptAt: Instant.optional().meta({
      description: "By Robin's schedule, for a READY item that was tried before.",
    }),
    lastError: z.string().optional().meta({ description: "Where the gateway knows it." }),
  })
  .meta({ id: "QueueItem" });
export type QueueItem = z.infer<typeof QueueItem>;

export const QueueTotals = z
  .object({ ready: Count, claimed: Count, dead: Count })
  .partial()
  .meta({ id: "QueueTotals", description: "Matching items by state; a state that was not asked for is absent." });

export const ListQueueOutput = z
  .object({
    items: z.array(QueueItem),
    total: Count.meta({ description: "Matching items on all pages." }),
    totals: QueueTotals,
    page: Count,
    limit: Count,
    pages: Count,
  })
  .meta({
    examples: [
      {
        items: [
          {
            uid: exampleUid,
            sessionUid: "5a2ce6a0-7d0d-4a3c-9d2f-6a9c1d1e8f10",
            state: "READY",
            protocol: "ESMTP",
            retryCount: 2,
            lastRetryAt: "2026-08-21T13:22:16.000Z",
            envelopeCount: 1,
            recipients: ["pepper@example.com"],
            recipientsHidden: 0,
            files: ["qeml-20260821.5a2ce6a0.eml"],
            firstSeenAt: "2026-08-21T13:20:11.000Z",
            nextAttemptAt: "2026-08-21T13:23:16.000Z",
          },
        ],
        total: 1,
        totals: { ready: 1, claimed: 0, dead: 0 },
        page: 1,
        limit: 50,
        pages: 1,
      },
    ],
  });
export type ListQueueOutput = z.infer<typeof ListQueueOutput>;

export const QueueItemInput = z.strictObject({ uid: QueueUid });
export type QueueItemInput = z.infer<typeof QueueItemInput>;

export const QueueItemOutput = z.object({ uid: z.string(), success: z.literal(true), message: z.string() }).meta({
  id: "QueueItemResult",
  examples: [{ uid: exampleUid, success: true, message: "The message will be tried again now." }],
});
export type QueueItemOutput = z.infer<typeof QueueItemOutput>;

export const QueueItemsInput = z
  .strictObject({ uids: z.array(QueueUid).min(1).max(queueBatchMax) })
  .meta({ examples: [{ uids: [exampleUid] }] });
export type QueueItemsInput = z.infer<typeof QueueItemsInput>;

export const QueueItemsOutput = z
  .object({
    requested: Count.meta({ description: "Distinct uids in the request." }),
    done: Count.meta({ description: "Items that Robin found and changed." }),
    missing: Count.meta({ description: "Uids that are not, or no longer, in the queue." }),
  })
  .meta({ id: "QueueItemsResult", examples: [{ requested: 3, done: 2, missing: 1 }] });
export type QueueItemsOutput = z.infer<typeof QueueItemsOutput>;
