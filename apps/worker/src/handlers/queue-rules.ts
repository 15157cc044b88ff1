import { followQueueRules } from "@robin/api";
import { isDatabaseUnavailable } from "@robin/db";
import { contracts } from "@robin/jobs";
import { defineHandler } from "../handler.ts";

/** Orders what the standing rules find; `queue.bulk` does it. */
export const queueRules = defineHandler(contracts.queueRules, async (_payload, { db, logger, now }) => {
  try {
    return await followQueueRules({ db, logger, clock: { now } });
  } catch (error) {
    // The worker's watch has said so; there will be another tick.
    if (isDatabaseUnavailable(error)) return { looked: 0 };
    throw error;
  }
});
