import { NoInput } from "../../rest-input.ts";
import { keptPublicProcedure, router } from "../../trpc.ts";
import { AggregateHealth } from "./health.schemas.ts";

export const healthRouter = router({
  aggregate: keptPublicProcedure
    .meta({
      access: "public",
      openapi: {
        method: "GET",
        path: "/health/aggregate",
        tags: ["Health"],
        protect: false,
        summary: "How are Robin, its two ports and the database?",
        description: "Always 200; at most five seconds old.",
      },
    })
    .input(NoInput)
    .output(AggregateHealth)
    .query(({ ctx }) => ctx.deps.health.check()),
});
