import { procedure, router } from "../../trpc.ts";
import { AlertHistoryInput, ListAlertsInput, ListAlertsOutput } from "./alerts.schemas.ts";
import { alertHistory, listAlerts } from "./alerts.service.ts";

const tags = ["Alerts"];

export const alertsRouter = router({
  list: procedure
    .meta({
      permission: "VIEW_SETTINGS",
      openapi: {
        method: "GET",
        path: "/alerts",
        tags,
        summary: "List the alerts that fire",
        description: "The newest first.",
      },
    })
    .input(ListAlertsInput)
    .output(ListAlertsOutput)
    .query(({ ctx, input }) => listAlerts(ctx, input)),

  history: procedure
    .meta({
      permission: "VIEW_SETTINGS",
      openapi: {
        method: "GET",
        path: "/alerts/history",
        tags,
        summary: "List all alerts of the past year",
        description: "The newest first, those that fire included.",
      },
    })
    .input(AlertHistoryInput)
    .output(ListAlertsOutput)
    .query(({ ctx, input }) => alertHistory(ctx, input)),
});
