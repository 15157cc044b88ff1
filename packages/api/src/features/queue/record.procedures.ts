import { procedure, robinProcedure } from "../../trpc.ts";
import { QueueHistoryInput, QueueHistoryOutput } from "./history.schemas.ts";
import { queueHistory } from "./history.service.ts";
import { GetQueueItemInput, QueueItemRecord } from "./item.schemas.ts";
import { getQueueItem } from "./item.service.ts";

const tags = ["Queue"];

/** What the worker has recorded of the queue. */
export const recordProcedures = {
  history: procedure
    .meta({
      permission: "VIEW_QUEUE",
      openapi: {
        method: "GET",
        path: "/queue/history",
        tags,
        summary: "Size of the queue over time",
        description: "Kept by minutes for a week and by hours for a year.",
      },
    })
    .input(QueueHistoryInput)
    .output(QueueHistoryOutput)
    .query(({ ctx, input }) => queueHistory(ctx, input)),

  item: robinProcedure
    .meta({
      permission: "VIEW_QUEUE",
      openapi: {
        method: "GET",
        path: "/queue/{uid}",
        tags,
        summary: "What is known of one message of the queue",
        description: "Also of one that has left it, for 30 days.",
      },
    })
    .input(GetQueueItemInput)
    .output(QueueItemRecord)
    .query(({ ctx, input }) => getQueueItem(ctx, input)),
};
