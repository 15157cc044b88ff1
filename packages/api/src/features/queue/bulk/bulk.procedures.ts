import { procedure } from "../../../trpc.ts";
import {
  BulkInput,
  BulkOutput,
  BulkRun,
  BulkRunDetail,
  BulkRunInput,
  ListBulkInput,
  ListBulkOutput,
} from "./bulk.schemas.ts";
import { cancelBulk, getBulk, listBulk, startBulk } from "./bulk.service.ts";

const tags = ["Queue"];

/** Parts of the queue's router. The declared permission is to look; each action asks for its own. */
export const bulkProcedures = {
  bulk: procedure
    .meta({
      permission: "VIEW_QUEUE",
      errors: ["conflict"],
      openapi: {
        method: "POST",
        path: "/queue/bulk",
        tags,
        summary: "Retry, give up or delete everything that a filter finds",
        description:
          "A worker does it in batches; `GET /queue/bulk/{id}` tells how far it is. Items that come to fit later are not touched. Retry and bounce need MANAGE_QUEUE, delete needs DELETE_QUEUE_ITEMS. A retry leaves out what is being delivered unless `states` names CLAIMED.",
      },
    })
    .input(BulkInput)
    .output(BulkOutput)
    .mutation(({ ctx, input }) => startBulk(ctx, input)),

  listBulk: procedure
    .meta({
      permission: "VIEW_QUEUE",
      openapi: {
        method: "GET",
        path: "/queue/bulk",
        tags,
        summary: "List the bulk runs",
        description: "The newest first.",
      },
    })
    .input(ListBulkInput)
    .output(ListBulkOutput)
    .query(({ ctx, input }) => listBulk(ctx, input)),

  getBulk: procedure
    .meta({
      permission: "VIEW_QUEUE",
      openapi: {
        method: "GET",
        path: "/queue/bulk/{id}",
        tags,
        summary: "Show a bulk run, how far it is and what did not work",
      },
    })
    .input(BulkRunInput)
    .output(BulkRunDetail)
    .query(({ ctx, input }) => getBulk(ctx, input)),

  cancelBulk: procedure
    .meta({
      permission: "VIEW_QUEUE",
      errors: ["conflict"],
      openapi: {
        method: "POST",
        path: "/queue/bulk/{id}/cancel",
        tags,
        summary: "End a bulk run after the batch that it is at",
        description: "What was done stays done. Needs the permission of the run's action.",
      },
    })
    .input(BulkRunInput)
    .output(BulkRun)
    .mutation(({ ctx, input }) => cancelBulk(ctx, input)),
};
