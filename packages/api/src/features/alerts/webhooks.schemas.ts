import { z } from "zod";
import { pageFields, pageOutput } from "../../listing.ts";
import { boolParam, Instant, listParam, NoInput, textParam } from "../../rest-input.ts";
import { AlertSeverity } from "./alerts.schemas.ts";

const exampleId = "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e73";
const exampleWebhook = {
  id: exampleId,
  name: "On call",
  url: "https://hooks.example.com/robin",
  secret: "********",
  minSeverity: "WARNING" as const,
  enabled: true,
  waiting: 0,
  dead: 0,
};

const Count = z.int().min(0);

export const AlertWebhook = z
  .object({
    id: z.string(),
    name: z.string(),
    url: z.string(),
    secret: z.string().meta({ description: "Always `********`." }),
    minSeverity: AlertSeverity,
    enabled: z.boolean(),
    waiting: Count.meta({ description: "Messages that are still to be delivered." }),
    dead: Count.meta({ description: "Messages that were given up." }),
  })
  .meta({ id: "AlertWebhook", examples: [exampleWebhook] });
export type AlertWebhook = z.infer<typeof AlertWebhook>;

const fields = {
  name: textParam({ charsMax: 100, description: "For people; no two have the same." }).pipe(
    z.string().min(1, "is empty"),
  ),
  url: z.string().max(2000).meta({
    description: "Where messages are posted to: https, and no private address unless WEBHOOK_ALLOW_PRIVATE is set.",
  }),
  secret: z
    .string()
    .max(200)
    .regex(/^[!-~]+$/, "must be of printable ASCII characters without blanks")
    .meta({ description: "Signs each message; 16 characters or more. It is never shown again." }),
  minSeverity: AlertSeverity.meta({ description: "Only alerts of this severity or a higher one are sent." }),
  enabled: boolParam("Whether messages are sent. What is due waits while it is false; new alerts are not kept for it."),
};

export const CreateAlertWebhookInput = z
  .strictObject({
    name: fields.name,
    url: fields.url,
    secret: fields.secret,
    minSeverity: fields.minSeverity.default("INFO"),
    enabled: fields.enabled.default(true),
  })
  .meta({
    examples: [{ name: "On call", url: "https://hooks.example.com/robin", secret: "5f0c0bd6a4f3c9d2e1b7" }],
  });
export type CreateAlertWebhookInput = z.infer<typeof CreateAlertWebhookInput>;

export const AlertWebhookInput = z.strictObject({ id: z.uuid().meta({ description: "The webhook's id." }) });
export type AlertWebhookInput = z.infer<typeof AlertWebhookInput>;

export const UpdateAlertWebhookInput = AlertWebhookInput.extend({
  name: fields.name.optional(),
  url: fields.url.optional(),
  secret: fields.secret.optional().meta({ description: "`********` keeps the one that is there." }),
  minSeverity: fields.minSeverity.optional(),
  enabled: fields.enabled.optional(),
}).meta({ examples: [{ id: exampleId, enabled: false }] });
export type UpdateAlertWebhookInput = z.infer<typeof UpdateAlertWebhookInput>;

export const ListAlertWebhooksInput = NoInput;
export const ListAlertWebhooksOutput = z
  .object({ items: z.array(AlertWebhook) })
  .meta({ examples: [{ items: [exampleWebhook] }] });
export type ListAlertWebhooksOutput = z.infer<typeof ListAlertWebhooksOutput>;

export const DeletedAlertWebhook = z.object({ success: z.literal(true) }).meta({ examples: [{ success: true }] });
export type DeletedAlertWebhook = z.infer<typeof DeletedAlertWebhook>;

const DeliveryStatus = z.enum(["PENDING", "DELIVERED", "DEAD"]);
const exampleDelivery = {
  id: "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e74",
  webhookId: exampleId,
  webhook: "On call",
  event: "alert.fired" as const,
  status: "PENDING" as const,
  attempts: 2,
  createdAt: "2026-08-21T10:00:00.000Z",
  nextAttemptAt: "2026-08-21T10:00:30.000Z",
  lastStatus: 500,
  lastError: "The receiver answered with an error (500).",
};

export const AlertDelivery = z
  .object({
    id: z.string().meta({ description: "The same in each attempt; also in the message, to know a repeat by." }),
    webhookId: z.string(),
    webhook: z.string(),
    alertId: z.string().optional(),
    event: z.enum(["alert.fired", "alert.cleared", "alert.test"]),
    status: DeliveryStatus.meta({ description: "DEAD when it was given up." }),
    attempts: Count,
    createdAt: Instant,
    nextAttemptAt: Instant.optional().meta({ description: "While it is PENDING." }),
    deliveredAt: Instant.optional(),
    lastStatus: z.int().optional().meta({ description: "What the receiver answered last." }),
    lastError: z.string().optional(),
  })
  .meta({ id: "AlertDelivery", examples: [exampleDelivery] });
export type AlertDelivery = z.infer<typeof AlertDelivery>;

export const ListDeliveriesInput = z.strictObject({
  ...pageFields,
  status: listParam(DeliveryStatus.options, "Only messages like this; DEAD is the dead-letter list.").optional(),
  webhookId: z.uuid().optional().meta({ description: "Only messages to this webhook." }),
});
export type ListDeliveriesInput = z.infer<typeof ListDeliveriesInput>;

export const ListDeliveriesOutput = pageOutput(AlertDelivery).meta({
  examples: [{ items: [exampleDelivery], total: 1, page: 1, limit: 50, pages: 1 }],
});
export type ListDeliveriesOutput = z.infer<typeof ListDeliveriesOutput>;

export const DeliveryInput = z.strictObject({ id: z.uuid().meta({ description: "The delivery's id." }) });
export type DeliveryInput = z.infer<typeof DeliveryInput>;
