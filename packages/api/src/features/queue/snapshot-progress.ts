import type { Prisma } from "@robin/db";
import { QueueState, type ServiceHealth } from "@robin/sdk";
import { z } from "zod";
import type { Watch } from "./snapshot-changes.ts";

const Scan = z.object({
  /** The number of the last delta when it began. */
  begunAtSeq: z.int(),
  /** What is read next; absent when all is read, and only what was missed is to be judged. */
  state: QueueState.optional(),
  page: z.int(),
  /** Different uids so far. */
  found: z.int(),
  /** Items by state as Robin's pages say. */
  totals: z.partialRecord(QueueState, z.int()),
  /** What Robin told of its queue just before. */
  fingerprint: z.string().optional(),
  /** No page has said otherwise than the one before, and no call has failed. */
  isSteady: z.boolean(),
  /** Each page was read. Otherwise nothing is missed only because it was not found. */
  isWhole: z.boolean(),
  robinMs: z.number(),
  /** What the numbers proved at its end. Absent while there is something to read. */
  isProof: z.boolean().optional(),
});
export type Scan = z.infer<typeof Scan>;

const Progress = z.object({
  /** How long Robin may be asked until there is more; negative after a long answer. */
  availableMs: z.number(),
  /** Dead items by Robin's counter, which drifts on one of its backends. */
  deadCounted: z.int(),
  /** How many too many that were when they were last listed. */
  deadDrift: z.int(),
  /** What Robin told of its queue just before the last scan that came to its end. */
  fingerprint: z.string().optional(),
  endedAtMs: z.number(),
  /** Items that the last scan has missed, for another one to confirm. */
  unconfirmed: z.int(),
  /** Robin's time that the last scan took. */
  scanMs: z.number(),
  scan: Scan.optional(),
});
export type Progress = z.infer<typeof Progress>;

const atFirst: Progress = { availableMs: 0, deadCounted: 0, deadDrift: 0, endedAtMs: 0, unconfirmed: 0, scanMs: 0 };

/** Begins anew where another version has stored something else. */
export function readProgress({ progress }: Watch): Progress {
  return Progress.catch(atFirst).parse(progress ?? atFirst);
}

export async function saveProgress(
  tx: Prisma.TransactionClient,
  progress: Progress,
  data: { scan?: bigint; lookedAt?: Date; completeAt?: Date | null } = {},
): Promise<void> {
  await tx.queueWatch.update({ where: { id: 1 }, data: { ...data, progress } });
}

/** Another one as soon as something has moved, but for what leaves all of these as they were within a second. */
export function fingerprintOf({ queue }: ServiceHealth): string | undefined {
  if (!queue) return undefined;
  const { ready, claimed, dead, reschedules, oldestReadyAt, oldestClaimedAt } = queue;
  return [ready, claimed, dead, reschedules, oldestReadyAt?.getTime(), oldestClaimedAt?.getTime()].join(" ");
}

/** Without a sign of anything having moved, the queue is read all the same after this time. */
const fullCheckMs = 60_000;
/** A full check takes at most one in so many parts of Robin's time. */
const fullCheckShare = 20;

export function isScanDue(progress: Progress, health: ServiceHealth, now: Date): boolean {
  const fingerprint = fingerprintOf(health);
  if (fingerprint === undefined || fingerprint !== progress.fingerprint || progress.unconfirmed > 0) return true;
  // A clock that was put back counts as much time gone.
  const sinceMs = Math.abs(now.getTime() - progress.endedAtMs);
  return sinceMs >= Math.max(fullCheckMs, progress.scanMs * fullCheckShare);
}

/** What a poll adds to the time that Robin may be asked, up to what one poll may take. */
export function replenish(
  { availableMs }: Progress,
  { pollSeconds, share, sinceMs }: { pollSeconds: number; share: number; sinceMs: number | undefined },
): number {
  const pollMs = pollSeconds * 1000;
  const passedMs = sinceMs === undefined || sinceMs < 0 ? pollMs : Math.min(sinceMs, pollMs);
  return Math.min(availableMs + passedMs * share, pollMs * share);
}

/** The numbers before, during and after agree, so nothing has moved and nothing was overlooked. */
export function isProof(scan: Scan, after: ServiceHealth): boolean {
  const { READY = 0, CLAIMED = 0, DEAD = 0 } = scan.totals;
  return (
    scan.isSteady &&
    scan.fingerprint !== undefined &&
    scan.fingerprint === fingerprintOf(after) &&
    after.queue?.ready === READY &&
    after.queue.claimed === CLAIMED &&
    scan.found === READY + CLAIMED + DEAD
  );
}
