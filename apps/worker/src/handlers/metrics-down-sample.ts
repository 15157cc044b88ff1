import { deleteSamples, downSample, marginSeconds, resolutions } from "@robin/api";
import type { Db } from "@robin/db";
import { contracts } from "@robin/jobs";
import { defineHandler } from "../handler.ts";

const [asSampled] = resolutions;

/** The newest row may have been made before its time was over, and a row can be made as long as all its samples are there. */
async function firstToMake(db: Db, seconds: number, now: Date): Promise<Date> {
  const stepMs = seconds * 1000;
  const reach = Math.ceil((now.getTime() - asSampled.keptSeconds * 1000) / stepMs) * stepMs;
  const newest = await db.metricSample.findFirst({
    where: { resolution: seconds },
    orderBy: { at: "desc" },
    select: { at: true },
  });
  return new Date(Math.max(reach, newest?.at.getTime() ?? 0));
}

/** May run any number of times: rows are made from all the samples of their time, and replace what is there. */
export const metricsDownSample = defineHandler(
  contracts.metricsDownSample,
  async ({ batchSize }, { db, signal, now }) => {
    let made = 0;
    for (const { seconds } of resolutions) {
      if (seconds === 0 || signal.aborted) continue;
      made += await downSample(db, { seconds, from: await firstToMake(db, seconds, now()) });
    }
    let deleted = 0;
    for (const { seconds: resolution, keptSeconds } of resolutions) {
      const cutoff = new Date(now().getTime() - (keptSeconds + marginSeconds) * 1000);
      for (let batch = batchSize; batch === batchSize && !signal.aborted; deleted += batch) {
        batch = await deleteSamples(db, { resolution, cutoff, batchSize });
      }
    }
    return { made, deleted };
  },
);
