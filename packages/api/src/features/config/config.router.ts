import { robinErrors } from "../../errors.ts";
import { NoInput } from "../../rest-input.ts";
import { robinProcedure, router } from "../../trpc.ts";
import { updateConfig } from "./config-update.service.ts";
import {
  ConfigDocument,
  GetConfigInput,
  ListConfigOutput,
  ReloadConfigOutput,
  SyncStatusOutput,
  UpdateConfigInput,
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
        description:
          "From Robin's file when the folder is mounted, else what Robin has in force. `clamav` and `rspamd` have the fields and units of the Robin UI beside Robin's own; `dovecot` is a document of the gateway's. Secrets read `********`.",
      },
    })
    .input(GetConfigInput)
    .output(ConfigDocument)
    .query(({ ctx, input }) => getConfig(ctx, input)),

  update: robinProcedure
    .meta({
      permission: "MANAGE_SERVER_CONFIG",
      errors: [...robinErrors, "conflict", "precondition_failed", "not_implemented"],
      bodyField: "document",
      openapi: {
        method: "PUT",
        path: "/config/{section}",
        tags,
        summary: "Change a section of the configuration",
        description:
          "Keeps what the document does not name, and comments; null removes a key. Robin reads its files again, and the answer says what it does not use yet. With `_meta.version` only that version is changed. The last ten versions of a file are kept.",
      },
    })
    .input(UpdateConfigInput)
    .output(ConfigDocument)
    .mutation(({ ctx, input }) => updateConfig(ctx, input)),
});
