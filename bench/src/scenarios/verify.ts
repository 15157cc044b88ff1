import type { Scenario } from "../scenario.ts";
import { measureHit } from "./hit.ts";

export const verify: Scenario = {
  name: "verify",
  what: "a signed-in answer that needs neither Robin nor the database",
  run: (ctx) => measureHit(ctx, { path: "/api/v1/auth/verify", signedIn: true }),
};
