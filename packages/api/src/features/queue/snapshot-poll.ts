import { isRobinError, type RobinError, type ServiceHealth } from "@robin/sdk";
import { inWatch, storeDelta } from "./snapshot-changes.ts";
import { fingerprintOf, isScanDue, readProgress, replenish, saveProgress } from "./snapshot-progress.ts";
import type { RetrySchedule } from "./retry-schedule.ts";
import {
  after,
  endScan,
  type PollOptions,
  type PollParts,
  type Position,
  publish,
  readPage,
  totalsOf,
} from "./snapshot-scan.ts";
import { storeSizes } from "./snapshot-sizes.ts";
import type { QueueTotals } from "./snapshot-store.ts";

export interface PollOutcome {
  /** Robin's time that was taken up by pages. */
  robinMs: number;
  pages: number;
  /** Scans that came to their end. */
  scans: number;
  totals?: QueueTotals;
  failure?: RobinError;
}

const healthTimeoutMs = 5000;

/**
 * Looks at the queue once. Robin's totals are asked for each time. Pages are read when the totals have moved or none
 * were read for long, as far as Robin's time allows: a scan of a long queue goes on over many polls. Each page is stored
 * with how far the scan has got, so that any worker can go on after any end of this one.
 */
export async function pollQueue(parts: PollParts, options: PollOptions): Promise<PollOutcome> {
  const { robin, signal, now } = parts;
  const outcome: PollOutcome = { robinMs: 0, pages: 0, scans: 0 };
  // The next poll asks for the totals again.
  const endAt = performance.now() + options.pollSeconds * 1000;
  const askHealth = () => robin.health.service({ signal, timeoutMs: healthTimeoutMs });
  try {
    let health = await askHealth();
    let at: Position | undefined = await look(parts, health, options);
    outcome.totals = totalsOf(at.watch);
    while (at && !signal.aborted && at.progress.availableMs > 0 && performance.now() < endAt) {
      const { scan } = at.progress;
      if (scan?.state !== undefined) {
        const read = await readPage(parts, at, options);
        outcome.pages += 1;
        outcome.robinMs += read.spentMs;
        if (read.failure) throw read.failure;
        at = read.position;
      } else if (scan) {
        if (scan.isProof === undefined) health = await askHealth();
        at = await endScan(parts, at, health);
        if (at && !at.progress.scan) outcome.scans += 1;
      } else {
        // A second one only to see at once whether what was missed has gone: a busy queue would be read without end.
        const isDue = outcome.scans === 0 || (outcome.scans === 1 && at.progress.unconfirmed > 0);
        at = isDue && isScanDue(at.progress, health, now()) ? await beginScan(parts, at, health) : undefined;
      }
    }
  } catch (error) {
    if (!isRobinError(error)) throw error;
    if (error.kind !== "aborted") outcome.failure = error;
  }
  return outcome;
}

function isSame(a: QueueTotals, b: QueueTotals): boolean {
  return a.ready === b.ready && a.claimed === b.claimed && a.dead === b.dead;
}

/** Stores the totals, whether they have changed or not: a size over time without a gap says that somebody looked. */
async function look(parts: PollParts, health: ServiceHealth, options: PollOptions): Promise<Position> {
  const { queue } = health;
  const now = parts.now();
  const { watch, progress, seq } = await inWatch(parts.db, async (tx, former) => {
    const earlier = readProgress(former);
    const sinceMs = former.lookedAt ? now.getTime() - former.lookedAt.getTime() : undefined;
    const progress = { ...earlier, availableMs: replenish(earlier, { ...options, sinceMs }) };
    if (queue) progress.deadCounted = queue.dead;
    const totals = queue
      ? { ready: queue.ready, claimed: queue.claimed, dead: Math.max(0, queue.dead - progress.deadDrift) }
      : totalsOf(former);
    const hasMoved = !isSame(totals, totalsOf(former));
    const seq = hasMoved ? await storeDelta(tx, former, { at: now, totals }) : undefined;
    if (!hasMoved) await storeSizes(tx, { at: now, totals, movements: [] });
    await saveProgress(tx, progress, { lookedAt: now });
    return { watch: after(former, seq, totals), progress, seq };
  });
  await publish(parts, seq);
  return { watch, progress, schedule: scheduleOf(health) };
}

function scheduleOf({ scheduler }: ServiceHealth): RetrySchedule | undefined {
  const { totalRetries, firstWaitMinutes, growthFactor } = scheduler?.config ?? {};
  if (totalRetries === undefined || firstWaitMinutes === undefined || growthFactor === undefined) return undefined;
  return { totalRetries, firstWaitMinutes, growthFactor };
}

function beginScan({ db }: PollParts, at: Position, health: ServiceHealth): Promise<Position | undefined> {
  return inWatch(db, async (tx, watch) => {
    const progress = readProgress(watch);
    if (watch.scan !== at.watch.scan || progress.scan) return undefined;
    const fingerprint = fingerprintOf(health);
    progress.scan = {
      begunAtSeq: Number(watch.seq),
      state: "READY",
      page: 1,
      found: 0,
      totals: {},
      ...(fingerprint !== undefined && { fingerprint }),
      isSteady: true,
      isWhole: true,
      robinMs: 0,
    };
    await saveProgress(tx, progress, { scan: watch.scan + 1n });
    return { ...at, watch: { ...watch, scan: watch.scan + 1n }, progress };
  });
}
