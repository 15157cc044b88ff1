import { seconds } from "../load/clients.ts";
import type { Scenario } from "../scenario.ts";
import { steadyHits } from "./logins.ts";

export const blackHole: Scenario = {
  name: "black-hole",
  what: "cached answers while Robin accepts and never answers",
  run: async (ctx) => {
    const robin = await ctx.machine.robin();
    const gateway = await ctx.machine.gateway({ robin });
    await steadyHits(gateway, { until: seconds(1) });
    const without = await steadyHits(gateway, { until: seconds(ctx.options.quick ? 2 : 15) });
    for (const port of ["client", "service"] as const)
      await robin.fault({ port, route: "*", fault: { kind: "blackHole" } });
    // Longer than what is cached stays fresh, so most of these are old answers.
    const during = await steadyHits(gateway, { until: seconds(ctx.options.quick ? 7 : 20) });
    return {
      figures: [
        { name: "p99 without Robin to with", value: during.p(0.99) / without.p(0.99), unit: "ratio" },
        { name: "p99 with Robin", value: without.p(0.99), unit: "ms" },
        { name: "p99 without Robin", value: during.p(0.99), unit: "ms" },
        { name: "slowest without Robin", value: during.p(1), unit: "ms" },
        { name: "answers other than 200", value: during.otherThan(200) + during.errors, unit: "count" },
      ],
      notes: [`With Robin ${without.words}; without ${during.words}.`],
    };
  },
};
