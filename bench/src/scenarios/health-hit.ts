import type { Scenario } from "../scenario.ts";
import { measureHit } from "./hit.ts";

export const healthHit: Scenario = {
  name: "health-hit",
  what: "the health aggregate from the cache",
  run: (ctx) => measureHit(ctx, { path: "/health/aggregate", signedIn: false }),
};
