import { cleanUpRecords, deliverAlerts, evaluateAlerts } from "@robin/api";
import { isDatabaseUnavailable } from "@robin/db";
import { contracts } from "@robin/jobs";
import { defineHandler } from "../handler.ts";

/** Without the database there is nothing to look at; the worker's watch has said so, and there will be another tick. */
async function unlessAway<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isDatabaseUnavailable(error)) return undefined;
    throw error;
  }
}

/** Alerts begin and end here. */
export const alertsEvaluate = defineHandler(
  contracts.alertsEvaluate,
  async (_payload, { db, events, logger, now, robin }) => {
    const breakersOpen = () => Object.values(robin.breakers()).filter((state) => state !== "closed").length;
    return unlessAway(evaluateAlerts({ db, events, logger, clock: { now }, breakersOpen }));
  },
);

/** Tells the webhooks. */
export const alertsDeliver = defineHandler(
  contracts.alertsDeliver,
  async (_payload, { db, logger, now, signal, webhooks: policy = { allowPrivate: false } }) =>
    unlessAway(deliverAlerts({ db, logger, signal, policy, clock: { now } })),
);

export const recordsCleanUp = defineHandler(contracts.recordsCleanUp, async (payload, { db, now }) =>
  unlessAway(cleanUpRecords(db, { ...payload, now: now() })),
);
