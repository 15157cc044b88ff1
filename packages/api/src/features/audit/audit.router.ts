import { csvMediaType } from "../../csv.ts";
import { DownloadOutput } from "../../download.ts";
import { procedure, router } from "../../trpc.ts";
import { exportAudit } from "./audit-export.service.ts";
import { searchAudit } from "./audit-search.service.ts";
import { ExportAuditInput, SearchAuditInput, SearchAuditOutput } from "./audit.schemas.ts";

export const auditRouter = router({
  search: procedure
    .meta({
      permission: "MANAGE_USERS",
      openapi: {
        method: "GET",
        path: "/audit",
        tags: ["Audit"],
        summary: "Who did what, on what, with which outcome",
        description: "Every change, newest first; sign-ins too, also those that failed.",
      },
    })
    .input(SearchAuditInput)
    .output(SearchAuditOutput)
    .query(({ ctx, input }) => searchAudit(ctx, input)),

  export: procedure
    .meta({
      permission: "MANAGE_USERS",
      download: [csvMediaType, "application/json"],
      openapi: {
        method: "GET",
        path: "/audit/export",
        tags: ["Audit"],
        summary: "The audit log as a file",
        description: "Newest first. A connection that breaks tells of a failure half-way: the file is not whole then.",
      },
    })
    .input(ExportAuditInput)
    .output(DownloadOutput)
    .query(({ ctx, input }) => exportAudit(ctx, input)),
});
