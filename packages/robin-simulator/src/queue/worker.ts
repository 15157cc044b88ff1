import { epochSeconds } from "../clock.ts";
import type { SimulatorClock } from "../clock.ts";
import type { SimulatedQueue } from "./queue.ts";
import type { Random } from "../random.ts";
import type { WorkerStatistics } from "../http/route-context.ts";
import type { MailFactory } from "./seed.ts";

/** Robin's defaults: the worker begins after the first, and looks for expired claims every second of these. */
const startDelaySeconds = 10;
const housekeepingIntervalSeconds = 30;
const claimBatch = 10;
/** Dead items pile up in Robin until somebody deletes them; a demo that runs for weeks has such a somebody. */
const deadItemsMax = 200;

export interface Worker {
  /** One second of Robin's delivery: finishes some of what was claimed, claims what is due, takes in new mail. */
  readonly tick: () => void;
  readonly statistics: () => WorkerStatistics;
}

const dayInSeconds = 86_400;

/** A port without deliveries, as with a start delay of a day. */
export function idleStatistics(startedAtSeconds: number): WorkerStatistics {
  return {
    startDelaySeconds: dayInSeconds,
    inFlight: 0,
    lastDispatchAtSeconds: 0,
    lastHousekeepingAtSeconds: 0,
    nextHousekeepingAtSeconds: startedAtSeconds + dayInSeconds,
  };
}

export function createWorker(deps: {
  queue: SimulatedQueue;
  random: Random;
  clock: SimulatorClock;
  mail: MailFactory;
}): Worker {
  const { queue, random, clock, mail } = deps;
  const startedAtSeconds = epochSeconds(clock);
  let lastDispatchAtSeconds = 0;
  let lastHousekeepingAtSeconds = 0;
  /** Keeps the queue about as full as it was: more mail arrives while it is emptier. */
  const usualSize = Math.max(10, queue.size);

  function housekeeping(nowSeconds: number): void {
    if (nowSeconds - lastHousekeepingAtSeconds < housekeepingIntervalSeconds) return;
    lastHousekeepingAtSeconds = nowSeconds;
    queue.releaseExpiredClaims();
    for (const item of queue.list({ states: ["DEAD"] }).slice(0, Math.max(0, queue.counts().dead - deadItemsMax)))
      queue.remove(item.uid);
  }

  function finish(): void {
    for (const item of queue.list({ states: ["CLAIMED"] })) {
      const dice = random.next();
      // About two seconds of talking to a peer; Robin's own bounces have no host to go to and only ever fail.
      if (dice < 0.5) continue;
      if (dice < 0.87 && item.protocol !== "esmtp") queue.deliver(item.uid);
      else if (dice < 0.96) queue.fail(item.uid, { permanent: false, reason: mail.temporaryError() });
      else queue.fail(item.uid, { permanent: true, bounce: item.protocol !== "esmtp" });
    }
  }

  return {
    tick: () => {
      const nowSeconds = epochSeconds(clock);
      housekeeping(nowSeconds);
      finish();
      const free = Math.max(0, claimBatch - queue.counts().claimed);
      if (queue.claim(random.below(free + 1)).length > 0) lastDispatchAtSeconds = nowSeconds;
      const arrivals = random.below(queue.size < usualSize ? 3 : 2) * Number(queue.size < usualSize * 2);
      for (let count = 0; count < arrivals; count++) queue.add(mail.freshItem());
    },
    statistics: () => ({
      startDelaySeconds,
      inFlight: queue.counts().claimed,
      lastDispatchAtSeconds,
      lastHousekeepingAtSeconds,
      nextHousekeepingAtSeconds:
        lastHousekeepingAtSeconds === 0
          ? startedAtSeconds + startDelaySeconds
          : lastHousekeepingAtSeconds + housekeepingIntervalSeconds,
    }),
  };
}
