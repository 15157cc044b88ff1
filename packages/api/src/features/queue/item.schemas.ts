import { QueueState } from "@robin/sdk";
import { z } from "zod";
import { boolParam, Instant } from "../../rest-input.ts";
import { QueueItem, QueueItemInput } from "./queue.schemas.ts";

export const GetQueueItemInput = QueueItemInput.extend({
  log: boolParam(
    "Whether to look into Robin's log as well: that keeps Robin for as long as a log search does.",
  ).default(false),
});
export type GetQueueItemInput = z.infer<typeof GetQueueItemInput>;

const Event = z.object({
  at: Instant,
  kind: z.enum(["STATE", "RETRY", "REQUEST", "LOG", "RETURN"]).meta({
    description:
      "Its state has changed; it was retried; somebody did something to it through the gateway; Robin's log says it; it is back after it was thought to have left.",
  }),
  state: QueueState.optional(),
  retryCount: z.int().optional(),
  action: z.enum(["retry", "bounce", "delete"]).optional(),
  by: z.string().optional(),
  text: z.string().optional(),
});

export const QueueItemRecord = QueueItem.extend({
  firstSeenAt: Instant,
  domains: z.array(z.string()).meta({ description: "Of the recipients that Robin shows." }),
  inQueue: z.boolean(),
  lastSeenAt: Instant.optional().meta({ description: "Of an item that has left: the last look that found it." }),
  retriesSeen: z.int().min(0).meta({ description: "Retries since it was first seen." }),
  left: z
    .object({
      at: Instant.meta({ description: "When it was missed." }),
      how: z.enum(["DELETED", "RETRIED", "BOUNCED", "DELIVERED", "EXPIRED", "UNKNOWN"]).meta({
        description:
          "DELETED through the gateway; gone after it was RETRIED or BOUNCED through the gateway; DELIVERED by Robin's log; EXPIRED when Robin had given it up; or UNKNOWN, which mostly is delivered.",
      }),
      by: z.string().optional(),
    })
    .optional(),
  events: z.array(Event).meta({ description: "In order of time, the newest 200." }),
  logIncomplete: z.boolean().optional().meta({ description: "Whether Robin's log may say more; only with `log`." }),
}).meta({
  id: "QueueItemRecord",
  examples: [
    {
      uid: "0c1e5891-3ea6-4d36-b29e-ebe755134150",
      state: "CLAIMED",
      protocol: "ESMTP",
      retryCount: 2,
      envelopeCount: 1,
      recipients: ["pepper@example.com"],
      recipientsHidden: 0,
      files: ["qeml-20260821.5a2ce6a0.eml"],
      domains: ["example.com"],
      firstSeenAt: "2026-08-21T13:20:11.000Z",
      inQueue: false,
      lastSeenAt: "2026-08-21T13:31:40.000Z",
      retriesSeen: 2,
      left: { at: "2026-08-21T13:31:45.000Z", how: "RETRIED", by: "admin@robin.local" },
      events: [
        { at: "2026-08-21T13:21:12.000Z", kind: "RETRY", retryCount: 1 },
        { at: "2026-08-21T13:31:38.000Z", kind: "REQUEST", action: "retry", by: "admin@robin.local" },
      ],
    },
  ],
});
