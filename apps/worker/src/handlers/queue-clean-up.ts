import { cleanUpQueueRecord } from "@robin/api";
import { contracts } from "@robin/jobs";
import { defineHandler } from "../handler.ts";

export const queueCleanUp = defineHandler(contracts.queueCleanUp, (limits, { db, signal, now }) =>
  cleanUpQueueRecord(db, { ...limits, signal, now: now() }),
);
