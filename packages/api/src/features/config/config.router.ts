import { NoInput } from "../../rest-input.ts";
import { robinProcedure, router } from "../../trpc.ts";
import {
  GetConfigInput,
  GetConfigOutput,
  ListConfigOutput,
  ReloadConfigOutput,
  SyncStatusOutput,
} from "./config.schemas.ts";
import { getConfig, listConfig, reloadConfig, syncStatus } from "./config.service.ts";

const tags = ["Configuration"];

export const configRouter = router({
  list: robinProcedure
    .meta({
      permission: "VIEW_SETTINGS",
      openapi: { method: "GET", path: "/config", tags, summary: "List the sections of Robin's configuration" },
    })
    .input(NoInput)
    .output(ListConfigOutput)
    .query(({ ctx }) => listConfig(ctx)),

  syncStatus: robinProcedure
    .meta({
      permission: "VIEW_SETTINGS",
      openapi: { method: "GET", path: "/config/sync", tags, summary: "State of Robin's configuration store" },
    })
    .input(NoInput)
    .output(SyncStatusOutput)
    .query(({ ctx }) => syncStatus(ctx)),

  reload: robinProcedure
    .meta({
      permission: "MANAGE_SERVER_CONFIG",
      openapi: {
        method: "POST",
        path: "/config/reload",
        tags,
        summary: "Have Robin read its configuration files again",
        description: "Ports, authentication, listeners and the queue's backend change only with a restart of Robin.",
      },
    })
    .input(NoInput)
    .output(ReloadConfigOutput)
    .mutation(({ ctx }) => reloadConfig(ctx)),

  get: robinProcedure
    .meta({
      permission: "VIEW_SETTINGS",
      openapi: {
        method: "GET",
        path: "/config/{section}",
        tags,
        summary: "Read a section of the configuration",
        description: "What Robin has in force, which need not be what its files say. Secrets read `********`.",
      },
    })
    .input(GetConfigInput)
    .output(GetConfigOutput)
    .query(({ ctx, input }) => getConfig(ctx, input)),
});
