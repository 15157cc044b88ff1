import { procedure, router } from "../../trpc.ts";
import { searchAudit } from "./audit-search.service.ts";
import { SearchAuditInput, SearchAuditOutput } from "./audit.schemas.ts";

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
});
