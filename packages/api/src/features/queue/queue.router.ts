import { watchErrors } from "../../errors.ts";
import { procedure, robinProcedure, router } from "../../trpc.ts";
import { ComposeMailInput, RawMailInput } from "../mail/mail.schemas.ts";
import { bulkProcedures } from "./bulk/bulk.procedures.ts";
import { EnqueueOutput } from "./enqueue.schemas.ts";
import { enqueue, enqueueRaw } from "./enqueue.service.ts";
import {
  ListQueueInput,
  ListQueueOutput,
  QueueItemInput,
  QueueItemOutput,
  QueueItemsInput,
  QueueItemsOutput,
} from "./queue.schemas.ts";
import { changeQueueItem, changeQueueItems, listQueue } from "./queue.service.ts";
import { recordProcedures } from "./record.procedures.ts";
import { UiQueueInput, UiQueuePage } from "./ui-queue.schemas.ts";
import { listQueueForUi } from "./ui-queue.service.ts";
import { watchQueue } from "./watch-queue.ts";
import { WatchQueueInput, WatchQueueOutput } from "./watch-queue.schemas.ts";

const tags = ["Queue"];

export const queueRouter = router({
  list: robinProcedure
    .meta({
      permission: "VIEW_QUEUE",
      openapi: {
        method: "GET",
        path: "/queue",
        tags,
        summary: "List the mail queue",
        description: "Ordered by state (READY, CLAIMED, DEAD), then by arrival.",
      },
    })
    .input(ListQueueInput)
    .output(ListQueueOutput)
    .query(({ ctx, input }) => listQueue(ctx, input)),

  listForUi: robinProcedure
    .meta({
      permission: "VIEW_QUEUE",
      openapi: {
        method: "GET",
        path: "/queue/json",
        tags,
        summary: "List the mail queue as the Robin UI reads it",
        description: "The same items in the same order as `GET /queue`, which tells more.",
      },
    })
    .input(UiQueueInput)
    .output(UiQueuePage)
    .query(({ ctx, input }) => listQueueForUi(ctx, input)),

  watch: procedure
    .meta({
      permission: "VIEW_QUEUE",
      errors: watchErrors,
      stream: {
        path: "/queue/events",
        tags,
        summary: "Watch the mail queue change",
        description:
          "First a snapshot, then a delta for each change. A watcher who comes back with the last id gets what it missed, or a snapshot, which replaces all that came before.",
      },
    })
    .input(WatchQueueInput)
    .output(WatchQueueOutput)
    .subscription(({ ctx, input }) => watchQueue(ctx, input)),

  enqueue: robinProcedure
    .meta({
      permission: "MANAGE_QUEUE",
      takesMail: true,
      openapi: {
        method: "POST",
        path: "/queue",
        tags,
        summary: "Compose a message and put it into the queue",
        description: "Each recipient becomes an item of its own.",
      },
    })
    .input(ComposeMailInput)
    .output(EnqueueOutput)
    .mutation(({ ctx, input }) => enqueue(ctx, input)),

  enqueueRaw: robinProcedure
    .meta({
      permission: "MANAGE_QUEUE",
      takesMail: true,
      upload: { path: "/queue", mediaType: "message/rfc822" },
    })
    .input(RawMailInput)
    .output(EnqueueOutput)
    .mutation(({ ctx, input }) => enqueueRaw(ctx, input)),

  ...bulkProcedures,
  ...recordProcedures,

  retryMany: robinProcedure
    .meta({
      permission: "MANAGE_QUEUE",
      openapi: { method: "POST", path: "/queue/retry", tags, summary: "Try many messages again now" },
    })
    .input(QueueItemsInput)
    .output(QueueItemsOutput)
    .mutation(({ ctx, input }) => changeQueueItems(ctx, "retry", input)),

  bounceMany: robinProcedure
    .meta({
      permission: "MANAGE_QUEUE",
      openapi: { method: "POST", path: "/queue/bounce", tags, summary: "Give up many messages" },
    })
    .input(QueueItemsInput)
    .output(QueueItemsOutput)
    .mutation(({ ctx, input }) => changeQueueItems(ctx, "bounce", input)),

  deleteMany: robinProcedure
    .meta({
      permission: "DELETE_QUEUE_ITEMS",
      openapi: { method: "POST", path: "/queue/delete", tags, summary: "Delete many messages" },
    })
    .input(QueueItemsInput)
    .output(QueueItemsOutput)
    .mutation(({ ctx, input }) => changeQueueItems(ctx, "delete", input)),

  retry: robinProcedure
    .meta({
      permission: "MANAGE_QUEUE",
      openapi: {
        method: "POST",
        path: "/queue/{uid}/retry",
        tags,
        summary: "Try a message again now",
        description: "Also revives a dead one. It spends one of the message's retries.",
      },
    })
    .input(QueueItemInput)
    .output(QueueItemOutput)
    .mutation(({ ctx, input }) => changeQueueItem(ctx, "retry", input)),

  bounce: robinProcedure
    .meta({
      permission: "MANAGE_QUEUE",
      openapi: {
        method: "POST",
        path: "/queue/{uid}/bounce",
        tags,
        summary: "Give up a message",
        description: "Robin keeps it as DEAD and sends no notice to anyone.",
      },
    })
    .input(QueueItemInput)
    .output(QueueItemOutput)
    .mutation(({ ctx, input }) => changeQueueItem(ctx, "bounce", input)),

  delete: robinProcedure
    .meta({
      permission: "DELETE_QUEUE_ITEMS",
      openapi: { method: "DELETE", path: "/queue/{uid}", tags, summary: "Delete a message from the queue" },
    })
    .input(QueueItemInput)
    .output(QueueItemOutput)
    .mutation(({ ctx, input }) => changeQueueItem(ctx, "delete", input)),
});
