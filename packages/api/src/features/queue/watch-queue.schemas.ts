import { z } from "zod";
import { liveStreamOutput, LastEventId } from "../../live/live-stream.ts";
import { Instant } from "../../rest-input.ts";

export const WatchQueueInput = z.strictObject({ lastEventId: LastEventId }).optional();
export type WatchQueueInput = z.infer<typeof WatchQueueInput>;

const count = z.int().min(0);
const seq = count.meta({ description: "The next delta has the number after it." });
const at = Instant.meta({ description: "When the worker asked Robin." });

const QueueTotals = z.object({ ready: count, claimed: count, dead: count }).meta({
  description: "As Robin tells them, of all items.",
});

const QueueItem = z
  .object({
    uid: z.string(),
    state: z.enum(["READY", "CLAIMED", "DEAD"]),
    protocol: z.string(),
    sessionUid: z.string().optional(),
    sender: z.string().optional(),
    recipients: z.array(z.string()).meta({ description: "At most five: Robin shows no more." }),
    recipientsHidden: count,
    files: z.array(z.string()),
    envelopeCount: count,
    retryCount: count,
    lastRetryAt: Instant.optional(),
    firstSeenAt: Instant,
    nextAttemptAt: Instant.optional().meta({ description: "By Robin's schedule; Robin itself does not tell." }),
    lastError: z.string().optional(),
  })
  .meta({ id: "WatchedQueueItem" });

const QueueDeparture = z.object({
  uid: z.string(),
  how: z.enum(["DELETED", "RETRIED", "BOUNCED", "DELIVERED", "EXPIRED", "UNKNOWN"]),
  by: z.string().optional(),
});

/** The same on all roads. */
export const QueueMessage = z
  .discriminatedUnion("type", [
    z.object({
      type: z.literal("snapshot"),
      seq,
      at: at.optional(),
      items: z.array(QueueItem).meta({ description: "Of a long queue the newest." }),
      totals: QueueTotals,
      complete: z.boolean().meta({ description: "False while items are left out." }),
    }),
    z.object({
      type: z.literal("delta"),
      seq,
      at,
      added: z.array(QueueItem),
      changed: z.array(QueueItem).meta({ description: "Whole items, also such as no snapshot had room for." }),
      removed: z.array(QueueDeparture),
      totals: QueueTotals,
    }),
  ])
  .meta({ id: "QueueMessage" });
export type QueueMessage = z.infer<typeof QueueMessage>;

export const WatchQueueOutput = liveStreamOutput(QueueMessage);
