import { createBlocklistProjector, isProjectionDue } from "@robin/api";
import { isDatabaseUnavailable } from "@robin/db";
import { contracts } from "@robin/jobs";
import { defineHandler } from "../handler.ts";

/** Takes what has expired out of Robin's file, and mends what a gateway could not bring to its end. */
export const blocklistProject = defineHandler(
  contracts.blocklistProject,
  async (_payload, { db, robin, configFolder: folder, logger, now }) => {
    try {
      if (!folder || !(await isProjectionDue(db, now()))) return { due: false };
      const { projected } = await createBlocklistProjector({ db, robin, folder, logger, clock: { now } }).project();
      return { due: true, projected };
    } catch (error) {
      // The worker's watch has said so; there will be another tick.
      if (isDatabaseUnavailable(error)) return { due: false };
      throw error;
    }
  },
);
