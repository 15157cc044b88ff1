import { procedure, router } from "../../trpc.ts";
import {
  AlertRule,
  AlertRuleInput,
  CreateAlertRuleInput,
  DeletedAlertRule,
  ListAlertRulesInput,
  ListAlertRulesOutput,
  UpdateAlertRuleInput,
} from "./alert-rules.schemas.ts";
import {
  createAlertRule,
  deleteAlertRule,
  getAlertRule,
  listAlertRules,
  updateAlertRule,
} from "./alert-rules.service.ts";

const tags = ["Alerts"];

export const alertRulesRouter = router({
  list: procedure
    .meta({
      permission: "VIEW_SETTINGS",
      openapi: {
        method: "GET",
        path: "/alerts/rules",
        tags,
        summary: "List the alert rules",
        description: "Sorted by name, each with its last value and whether it fires.",
      },
    })
    .input(ListAlertRulesInput)
    .output(ListAlertRulesOutput)
    .query(({ ctx }) => listAlertRules(ctx)),

  create: procedure
    .meta({
      permission: "MANAGE_SERVER_CONFIG",
      errors: ["conflict"],
      openapi: { method: "POST", path: "/alerts/rules", tags, summary: "Add an alert rule" },
    })
    .input(CreateAlertRuleInput)
    .output(AlertRule)
    .mutation(({ ctx, input }) => createAlertRule(ctx, input)),

  get: procedure
    .meta({
      permission: "VIEW_SETTINGS",
      openapi: { method: "GET", path: "/alerts/rules/{id}", tags, summary: "Show an alert rule" },
    })
    .input(AlertRuleInput)
    .output(AlertRule)
    .query(({ ctx, input }) => getAlertRule(ctx, input)),

  update: procedure
    .meta({
      permission: "MANAGE_SERVER_CONFIG",
      errors: ["conflict"],
      openapi: {
        method: "PATCH",
        path: "/alerts/rules/{id}",
        tags,
        summary: "Change parts of an alert rule",
        description: "What is left out stays. Its alert ends when the rule is switched off.",
      },
    })
    .input(UpdateAlertRuleInput)
    .output(AlertRule)
    .mutation(({ ctx, input }) => updateAlertRule(ctx, input)),

  delete: procedure
    .meta({
      permission: "MANAGE_SERVER_CONFIG",
      openapi: { method: "DELETE", path: "/alerts/rules/{id}", tags, summary: "Delete an alert rule" },
    })
    .input(AlertRuleInput)
    .output(DeletedAlertRule)
    .mutation(({ ctx, input }) => deleteAlertRule(ctx, input)),
});
