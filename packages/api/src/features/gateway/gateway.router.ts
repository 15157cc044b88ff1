import { NoInput } from "../../rest-input.ts";
import { procedure, router } from "../../trpc.ts";
import { BreakersOutput, CacheOutput, ClearCacheOutput, StatusOutput } from "./gateway.schemas.ts";
import { clearCache, gatewayBreakers, gatewayCache, gatewayStatus } from "./gateway.service.ts";

const tags = ["Gateway"];
const own = procedure.meta({ permission: "MANAGE_SERVER_CONFIG" });

/** The gateway about itself: each process about its own part. */
export const gatewayRouter = router({
  status: own
    .meta({ openapi: { method: "GET", path: "/gateway/status", tags, summary: "How is the gateway's process?" } })
    .input(NoInput)
    .output(StatusOutput)
    .query(({ ctx }) => gatewayStatus(ctx)),

  breakers: own
    .meta({
      openapi: { method: "GET", path: "/gateway/breakers", tags, summary: "Are Robin's ports called, or left alone?" },
    })
    .input(NoInput)
    .output(BreakersOutput)
    .query(({ ctx }) => gatewayBreakers(ctx)),

  cache: own
    .meta({
      openapi: {
        method: "GET",
        path: "/gateway/cache",
        tags,
        summary: "What answers are kept, and how often were they given?",
      },
    })
    .input(NoInput)
    .output(CacheOutput)
    .query(({ ctx }) => gatewayCache(ctx)),

  clearCache: own
    .meta({
      openapi: {
        method: "DELETE",
        path: "/gateway/cache",
        tags,
        summary: "Drop every kept answer",
        description: "In all processes; the next requests ask Robin again.",
      },
    })
    .input(NoInput)
    .output(ClearCacheOutput)
    .mutation(({ ctx }) => clearCache(ctx)),
});
