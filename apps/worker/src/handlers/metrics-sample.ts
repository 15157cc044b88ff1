import { fromHealth, fromMeters, latestReading, storeSample, toSample } from "@robin/api";
import { isDatabaseUnavailable } from "@robin/db";
import { contracts } from "@robin/jobs";
import { isRobinError, type RobinError } from "@robin/sdk";
import { defineHandler, type JobContext, type JobHandler } from "../handler.ts";
import { createTeller } from "../teller.ts";

/** Of each of the two calls. */
const callTimeoutMs = 5000;

/** A tick that comes a little early still belongs to its own time. */
const earlyMs = 500;

/** Ticks missed in a row over which messages are still counted. */
const gapTicks = 3;

type Answer<Value> = { value: Value } | { failure: RobinError };

async function answered<Value>(call: Promise<Value>): Promise<Answer<Value>> {
  try {
    return { value: await call };
  } catch (error) {
    if (isRobinError(error)) return { failure: error };
    throw error;
  }
}

export function createMetricsSample(): JobHandler {
  const tell = createTeller("Robin can be sampled again");

  async function sample(sampleSeconds: number, { db, robin, logger, signal, now }: JobContext): Promise<boolean> {
    const stepMs = sampleSeconds * 1000;
    const at = new Date(Math.floor((now().getTime() + earlyMs) / stepMs) * stepMs);
    const earlier = await latestReading(db, at);
    if (earlier?.at.getTime() === at.getTime()) return false;

    const options = { signal, timeoutMs: callTimeoutMs };
    const health = await answered(robin.health.service(options));
    if ("failure" in health && health.failure.kind === "aborted") return false;
    if ("failure" in health) {
      tell(logger, { message: "Robin cannot be sampled; there are no samples until it answers", err: health.failure });
      return false;
    }
    const meters = await answered(robin.metrics.read(options));
    if ("failure" in meters && meters.failure.kind === "aborted") return false;
    const reading = { ...fromHealth(health.value), ...("value" in meters ? fromMeters(meters.value) : {}) };
    if (health.value.queue === undefined) {
      tell(logger, {
        message: "Robin tells only that it is up: the credentials for its service port are not accepted",
      });
    } else if ("failure" in meters) {
      tell(logger, {
        message: "Robin's metrics cannot be read; samples lack CPU, memory and messages received",
        err: meters.failure,
      });
    } else {
      tell(logger);
    }
    return storeSample(db, at, reading, toSample(reading, earlier, { at, gapMsMax: gapTicks * stepMs }));
  }

  return defineHandler(contracts.metricsSample, async ({ sampleSeconds }, context) => {
    try {
      return { stored: await sample(sampleSeconds, context) };
    } catch (error) {
      // The worker's watch has said so; there will be another tick.
      if (isDatabaseUnavailable(error)) return { stored: false };
      throw error;
    }
  });
}

/** Two calls of Robin's service port, one after the other: its health, then its meters. Robin away leaves a gap. */
export const metricsSample = createMetricsSample();
