import type { Scenario } from "../scenario.ts";
import { healthHit } from "./health-hit.ts";
import { queueHit } from "./queue-hit.ts";
import { trpcHit } from "./trpc-hit.ts";
import { verify } from "./verify.ts";

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [queueHit, trpcHit, healthHit, verify];
