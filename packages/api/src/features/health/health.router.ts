import { NoInput } from "../../rest-input.ts";
import { watchErrors } from "../../errors.ts";
import { authedProcedure, keptPublicProcedure, router } from "../../trpc.ts";
import { AggregateHealth } from "./health.schemas.ts";
import { watchHealth, WatchHealthInput, WatchHealthOutput } from "./watch-health.ts";

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

  watch: authedProcedure
    .meta({
      access: "signed-in",
      errors: watchErrors,
      stream: {
        path: "/health/events",
        tags: ["Health"],
        summary: "Watch how Robin, its two ports and the database are",
        description: "The aggregate each time it is made anew, every five seconds.",
      },
    })
    .input(WatchHealthInput)
    .output(WatchHealthOutput)
    .subscription(({ ctx, input }) => watchHealth(ctx, input)),
});
