import { procedure, router } from "../../../trpc.ts";
import { BulkOutput } from "../bulk/bulk.schemas.ts";
import {
  CreateQueueRuleInput,
  DeletedQueueRule,
  ListQueueRulesInput,
  ListQueueRulesOutput,
  QueueRule,
  QueueRuleInput,
  UpdateQueueRuleInput,
} from "./rules.schemas.ts";
import {
  createQueueRule,
  deleteQueueRule,
  getQueueRule,
  listQueueRules,
  previewQueueRule,
  updateQueueRule,
} from "./rules.service.ts";

const tags = ["Queue"];

/** The declared permission is to look; to change a rule takes the permission of its action. */
export const queueRulesRouter = router({
  list: procedure
    .meta({
      permission: "VIEW_QUEUE",
      openapi: {
        method: "GET",
        path: "/queue/rules",
        tags,
        summary: "List the standing rules of the queue",
        description: "Sorted by name, each with what it did last.",
      },
    })
    .input(ListQueueRulesInput)
    .output(ListQueueRulesOutput)
    .query(({ ctx }) => listQueueRules(ctx)),

  create: procedure
    .meta({
      permission: "VIEW_QUEUE",
      errors: ["conflict"],
      openapi: {
        method: "POST",
        path: "/queue/rules",
        tags,
        summary: "Add a standing rule: a bulk run that is ordered again and again",
        description:
          "Switched off unless `enabled` is true. Retry and bounce need MANAGE_QUEUE, delete needs DELETE_QUEUE_ITEMS.",
      },
    })
    .input(CreateQueueRuleInput)
    .output(QueueRule)
    .mutation(({ ctx, input }) => createQueueRule(ctx, input)),

  get: procedure
    .meta({
      permission: "VIEW_QUEUE",
      openapi: { method: "GET", path: "/queue/rules/{id}", tags, summary: "Show a standing rule" },
    })
    .input(QueueRuleInput)
    .output(QueueRule)
    .query(({ ctx, input }) => getQueueRule(ctx, input)),

  preview: procedure
    .meta({
      permission: "VIEW_QUEUE",
      errors: ["conflict"],
      openapi: {
        method: "GET",
        path: "/queue/rules/{id}/preview",
        tags,
        summary: "What a standing rule would find now",
        description: "As the dry run of a bulk run.",
      },
    })
    .input(QueueRuleInput)
    .output(BulkOutput)
    .query(({ ctx, input }) => previewQueueRule(ctx, input)),

  update: procedure
    .meta({
      permission: "VIEW_QUEUE",
      errors: ["conflict"],
      openapi: {
        method: "PATCH",
        path: "/queue/rules/{id}",
        tags,
        summary: "Change parts of a standing rule",
        description:
          "What is left out stays; a filter is replaced as a whole. Needs the permission of the rule's action.",
      },
    })
    .input(UpdateQueueRuleInput)
    .output(QueueRule)
    .mutation(({ ctx, input }) => updateQueueRule(ctx, input)),

  delete: procedure
    .meta({
      permission: "VIEW_QUEUE",
      openapi: {
        method: "DELETE",
        path: "/queue/rules/{id}",
        tags,
        summary: "Delete a standing rule",
        description: "A run that it has ordered goes on. Needs the permission of the rule's action.",
      },
    })
    .input(QueueRuleInput)
    .output(DeletedQueueRule)
    .mutation(({ ctx, input }) => deleteQueueRule(ctx, input)),
});
