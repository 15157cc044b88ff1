import { robinErrors, watchErrors } from "../../errors.ts";
import { DownloadOutput } from "../../download.ts";
import { csvMediaType } from "../../csv.ts";
import { NoInput } from "../../rest-input.ts";
import { procedure, robinProcedure, router } from "../../trpc.ts";
import { listLoggers } from "./logger-list.ts";
import { exportLogs } from "./logs-export.service.ts";
import { ExportLogsInput, ListLoggersOutput, SearchLogsInput, SearchLogsOutput } from "./logs.schemas.ts";
import { searchLogs } from "./logs.service.ts";
import { watchLogs } from "./watch-logs.ts";
import { WatchLogsInput, WatchLogsOutput } from "./watch-logs.schemas.ts";

const tags = ["Logs"];
/** `conflict`: this Robin does not know its log. */
const errors = [...robinErrors, "conflict"] as const;

export const logsRouter = router({
  search: robinProcedure
    .meta({
      permission: "VIEW_LOGS",
      errors,
      openapi: {
        method: "GET",
        path: "/logs",
        tags,
        summary: "Search Robin's log of today and yesterday",
        description:
          "Each search has Robin read its log to the end, so they wait for each other; 503 when too many do. Robin's own lines about searches are left out.",
      },
    })
    .input(SearchLogsInput)
    .output(SearchLogsOutput)
    .query(({ ctx, input }) => searchLogs(ctx, input)),

  loggers: robinProcedure
    .meta({
      permission: "VIEW_LOGS",
      errors,
      openapi: {
        method: "GET",
        path: "/logs/loggers",
        tags,
        summary: "Names of the loggers in Robin's log",
        description: "At most a minute old.",
      },
    })
    .input(NoInput)
    .output(ListLoggersOutput)
    .query(({ ctx }) => listLoggers(ctx)),

  tail: procedure
    .meta({
      permission: "VIEW_LOGS",
      errors: watchErrors,
      stream: {
        path: "/logs/events",
        tags,
        summary: "Watch Robin's log as it grows",
        description:
          "Begins with what comes from now on. One reading of the log, every few seconds, serves all who watch. Of an entry of several lines only the first is there; `GET /logs` has the others.",
      },
    })
    .input(WatchLogsInput)
    .output(WatchLogsOutput)
    .subscription(({ ctx, input }) => watchLogs(ctx, input)),

  export: robinProcedure
    .meta({
      permission: "VIEW_LOGS",
      errors,
      download: ["text/plain; charset=utf-8", "application/json", csvMediaType],
      openapi: {
        method: "GET",
        path: "/logs/export",
        tags,
        summary: "Robin's log of today and yesterday as a file",
        description: "The oldest first. A file that is not complete says so at its end.",
      },
    })
    .input(ExportLogsInput)
    .output(DownloadOutput)
    .query(({ ctx, input }) => exportLogs(ctx, input)),
});
