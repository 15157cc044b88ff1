import type { Scenario } from "../scenario.ts";
import { blackHole } from "./black-hole.ts";
import { breakerOpen } from "./breaker-open.ts";
import { bulk } from "./bulk.ts";
import { cacheFlood } from "./cache-flood.ts";
import { coldBurst } from "./cold-burst.ts";
import { connections } from "./connections.ts";
import { healthHit } from "./health-hit.ts";
import { live } from "./live.ts";
import { logins } from "./logins.ts";
import { memory } from "./memory.ts";
import { miss } from "./miss.ts";
import { pollers } from "./pollers.ts";
import { queueHit } from "./queue-hit.ts";
import { redisKilled } from "./redis-killed.ts";
import { robinFaults } from "./robin-faults.ts";
import { sigterm } from "./sigterm.ts";
import { snapshot } from "./snapshot.ts";
import { start } from "./start.ts";
import { trpcHit } from "./trpc-hit.ts";
import { twoProcesses } from "./two-processes.ts";
import { verify } from "./verify.ts";
import { workerKilled } from "./worker-killed.ts";

/** In the order in which they run: speed, the shield, resources, and how it fails. */
export const scenarios: readonly Scenario[] = [
  queueHit,
  trpcHit,
  healthHit,
  verify,
  miss,
  coldBurst,
  pollers,
  live,
  snapshot,
  bulk,
  logins,
  start,
  memory,
  twoProcesses,
  blackHole,
  breakerOpen,
  redisKilled,
  robinFaults,
  workerKilled,
  sigterm,
  connections,
  cacheFlood,
];
