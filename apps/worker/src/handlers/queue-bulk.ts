import { workOnBulkRuns } from "@robin/api";
import { isDatabaseUnavailable } from "@robin/db";
import { contracts } from "@robin/jobs";
import { setTimeout as wait } from "node:timers/promises";
import { defineHandler } from "../handler.ts";

/** Goes on with the bulk runs that were ordered, or that another worker left behind. */
export const queueBulk = defineHandler(contracts.queueBulk, async ({ batchSize }, { now, signal, ...parts }) => {
  try {
    return await workOnBulkRuns({
      ...parts,
      signal,
      batchSize,
      clock: { now },
      pause: (ms) => wait(ms, undefined, { signal }).catch(() => undefined),
    });
  } catch (error) {
    // The worker's watch has said so; there will be another tick.
    if (isDatabaseUnavailable(error)) return { ended: 0, waiting: true };
    throw error;
  }
});
