import { procedure, router } from "../../trpc.ts";
import { listDeliveries, redeliver } from "./deliveries.service.ts";
import {
  AlertDelivery,
  AlertWebhook,
  AlertWebhookInput,
  CreateAlertWebhookInput,
  DeletedAlertWebhook,
  DeliveryInput,
  ListAlertWebhooksInput,
  ListAlertWebhooksOutput,
  ListDeliveriesInput,
  ListDeliveriesOutput,
  UpdateAlertWebhookInput,
} from "./webhooks.schemas.ts";
import { createWebhook, deleteWebhook, listWebhooks, testWebhook, updateWebhook } from "./webhooks.service.ts";

const tags = ["Alerts"];
const permission = "MANAGE_SERVER_CONFIG";

/** Also reading takes the permission to change: a URL may have a secret in it. */
export const alertWebhooksRouter = router({
  list: procedure
    .meta({
      permission,
      openapi: {
        method: "GET",
        path: "/alerts/webhooks",
        tags,
        summary: "List where alerts are sent",
        description: "Sorted by name.",
      },
    })
    .input(ListAlertWebhooksInput)
    .output(ListAlertWebhooksOutput)
    .query(({ ctx }) => listWebhooks(ctx)),

  create: procedure
    .meta({
      permission,
      errors: ["conflict"],
      openapi: { method: "POST", path: "/alerts/webhooks", tags, summary: "Have alerts sent somewhere" },
    })
    .input(CreateAlertWebhookInput)
    .output(AlertWebhook)
    .mutation(({ ctx, input }) => createWebhook(ctx, input)),

  update: procedure
    .meta({
      permission,
      errors: ["conflict"],
      openapi: {
        method: "PATCH",
        path: "/alerts/webhooks/{id}",
        tags,
        summary: "Change parts of a webhook",
        description: "What is left out stays.",
      },
    })
    .input(UpdateAlertWebhookInput)
    .output(AlertWebhook)
    .mutation(({ ctx, input }) => updateWebhook(ctx, input)),

  delete: procedure
    .meta({
      permission,
      openapi: {
        method: "DELETE",
        path: "/alerts/webhooks/{id}",
        tags,
        summary: "Delete a webhook and what was to be sent to it",
      },
    })
    .input(AlertWebhookInput)
    .output(DeletedAlertWebhook)
    .mutation(({ ctx, input }) => deleteWebhook(ctx, input)),

  test: procedure
    .meta({
      permission,
      openapi: {
        method: "POST",
        path: "/alerts/webhooks/{id}/test",
        tags,
        summary: "Have the worker send a test message",
      },
    })
    .input(AlertWebhookInput)
    .output(AlertDelivery)
    .mutation(({ ctx, input }) => testWebhook(ctx, input)),

  listDeliveries: procedure
    .meta({
      permission,
      openapi: {
        method: "GET",
        path: "/alerts/deliveries",
        tags,
        summary: "List what was sent, is to be sent or was given up",
        description: "The newest first. `status=DEAD` is the dead-letter list.",
      },
    })
    .input(ListDeliveriesInput)
    .output(ListDeliveriesOutput)
    .query(({ ctx, input }) => listDeliveries(ctx, input)),

  redeliver: procedure
    .meta({
      permission,
      errors: ["conflict"],
      openapi: {
        method: "POST",
        path: "/alerts/deliveries/{id}/redeliver",
        tags,
        summary: "Send a message once more",
        description: "Under the same id, with all its attempts.",
      },
    })
    .input(DeliveryInput)
    .output(AlertDelivery)
    .mutation(({ ctx, input }) => redeliver(ctx, input)),
});
