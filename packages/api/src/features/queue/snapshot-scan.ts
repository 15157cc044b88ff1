import type { Db, Prisma } from "@robin/db";
import type { Events } from "@robin/events";
import {
  isRobinError,
  QueueState,
  type QueuePage,
  type RobinClient,
  type RobinError,
  type ServiceHealth,
} from "@robin/sdk";
import type { RetrySchedule } from "./retry-schedule.ts";
import { inWatch, storeDelta, type Watch } from "./snapshot-changes.ts";
import { forgetFound, markMissed, noteFound, removeMissed, unmarkFound } from "./snapshot-departures.ts";
import { applyPage, toFound } from "./snapshot-page.ts";
import { isProof, type Progress, readProgress, saveProgress, type Scan } from "./snapshot-progress.ts";
import type { QueueTotals } from "./snapshot-store.ts";

export interface PollParts {
  db: Db;
  robin: RobinClient;
  events: Pick<Events, "publish">;
  now: () => Date;
  /** Stops between two pages; what is read by then stays. */
  signal: AbortSignal;
}

export interface PollOptions {
  pollSeconds: number;
  /** Of Robin's time, between 0 and 1. */
  share: number;
  pageSize?: number;
}

/** As the last transaction has left it. */
export interface Position {
  watch: Watch;
  progress: Progress;
  schedule: RetrySchedule | undefined;
}

const pageTimeoutMs = 10_000;
/** Robin gives up to 1000; with half of that, reading a page never keeps this thread for 100 ms. */
const pageSizeMax = 500;
const states = QueueState.options;
const totalKeys = { READY: "ready", CLAIMED: "claimed", DEAD: "dead" } as const satisfies Record<QueueState, string>;

export function totalsOf({ ready, claimed, dead }: Watch): QueueTotals {
  return { ready, claimed, dead };
}

export function after(watch: Watch, seq: number | undefined, totals: QueueTotals): Watch {
  return { ...watch, ...totals, ...(seq !== undefined && { seq: BigInt(seq) }) };
}

/** Tells the others only once it is stored. */
export async function publish({ events }: PollParts, seq: number | undefined): Promise<void> {
  if (seq !== undefined) await events.publish("queue.delta", { seq });
}

interface ReadPage {
  /** Absent when another worker was quicker. */
  position?: Position;
  spentMs: number;
  failure?: RobinError;
}

/** Reads the page where the scan is, stores what is new on it, and turns it over. */
export async function readPage(parts: PollParts, at: Position, options: PollOptions): Promise<ReadPage> {
  const { scan } = at.progress;
  if (scan?.state === undefined) throw new Error("The scan has nothing left to read.");
  const { state, page } = scan;
  const limit = options.pageSize ?? pageSizeMax;
  const begun = performance.now();
  const answer = await answered(
    parts.robin.queue.list({ states: [state], page, limit }, { signal: parts.signal, timeoutMs: pageTimeoutMs }),
  );
  const spentMs = performance.now() - begun;
  // An item that Robin cannot read spoils its page and no other.
  const isSpoilt = isRobinError(answer) && answer.kind === "http" && (answer.status ?? 0) >= 500;
  const failure = isRobinError(answer) && !isSpoilt ? answer : undefined;

  const stored = await inWatch(parts.db, async (tx, watch) => {
    const progress = readProgress(watch);
    const current = progress.scan;
    if (watch.scan !== at.watch.scan || current?.state !== state || current.page !== page) return undefined;
    progress.availableMs -= spentMs;
    current.robinMs += spentMs;
    let next = { totals: totalsOf(watch), seq: undefined as number | undefined };
    if (isRobinError(answer)) {
      current.isSteady = false;
      current.isWhole &&= !isSpoilt;
    } else {
      next = await storePage(tx, { watch, progress, current, state, answer, at, now: parts.now() });
    }
    if (!failure) {
      const pages = isRobinError(answer) ? Math.ceil(next.totals[totalKeys[state]] / limit) : answer.pages;
      turnPage(current, state, pages);
    }
    await saveProgress(tx, progress);
    return { watch: after(watch, next.seq, next.totals), progress, seq: next.seq };
  });
  await publish(parts, stored?.seq);
  return {
    spentMs,
    ...(failure && { failure }),
    ...(stored && { position: { watch: stored.watch, progress: stored.progress, schedule: at.schedule } }),
  };
}

async function answered(call: Promise<QueuePage>): Promise<QueuePage | RobinError> {
  try {
    return await call;
  } catch (error) {
    if (isRobinError(error)) return error;
    throw error;
  }
}

interface PageToStore {
  watch: Watch;
  progress: Progress;
  current: Scan;
  state: QueueState;
  answer: QueuePage;
  at: Position;
  now: Date;
}

async function storePage(tx: Prisma.TransactionClient, page: PageToStore) {
  const { watch, progress, current, state, answer, at, now } = page;
  const found = toFound(answer.items);
  const uids = found.map(({ uid }) => uid);
  current.found += await noteFound(tx, watch.scan, uids);
  if (progress.unconfirmed > 0) await unmarkFound(tx, uids);
  current.isSteady &&= (current.totals[state] ?? answer.total) === answer.total;
  current.totals[state] = answer.total;
  const totals = totalsOf(watch);
  // Robin's health tells the other two as they are.
  if (state === "DEAD" || current.fingerprint === undefined) totals[totalKeys[state]] = answer.total;
  if (state === "DEAD") progress.deadDrift = Math.max(0, progress.deadCounted - answer.total);
  const { schedule } = at;
  const changes = await applyPage(tx, watch, found, { at: now, state, schedule, askedAtSeq: at.watch.seq });
  const hasChanged =
    changes !== undefined ||
    totals.dead !== watch.dead ||
    totals.ready !== watch.ready ||
    totals.claimed !== watch.claimed;
  const seq = hasChanged ? await storeDelta(tx, watch, { ...changes, at: now, totals }) : undefined;
  return { totals, seq };
}

function turnPage(scan: Scan, state: QueueState, pages: number): void {
  if (scan.page < pages) {
    scan.page += 1;
    return;
  }
  const next = states[states.indexOf(state) + 1];
  if (next) scan.state = next;
  else delete scan.state;
  scan.page = 1;
}

/**
 * Judges what was missed, one batch each time, and ends the scan after the last. Undefined when another worker was
 * quicker. The first time settles what the numbers prove; it stays true of what the scan has not found.
 */
export async function endScan(parts: PollParts, at: Position, health: ServiceHealth): Promise<Position | undefined> {
  const now = parts.now();
  const ended = await inWatch(parts.db, async (tx, watch) => {
    const progress = readProgress(watch);
    const { scan } = progress;
    if (watch.scan !== at.watch.scan || scan === undefined || scan.state !== undefined) return undefined;
    scan.isProof ??= isProof(scan, health);
    const missed = { scan: watch.scan, begunAtSeq: BigInt(scan.begunAtSeq), isProof: scan.isProof };
    const changes = scan.isWhole ? await removeMissed(tx, watch, { ...missed, at: now }) : undefined;
    const seq = changes && (await storeDelta(tx, watch, { ...changes, at: now, totals: totalsOf(watch) }));
    if (changes?.hasMore) {
      await saveProgress(tx, progress);
      return { watch: after(watch, seq, totalsOf(watch)), progress, seq };
    }
    progress.unconfirmed = scan.isWhole && !scan.isProof ? await markMissed(tx, missed) : 0;
    progress.scanMs = scan.robinMs;
    progress.endedAtMs = now.getTime();
    progress.fingerprint = scan.fingerprint;
    delete progress.scan;
    await forgetFound(tx);
    // What a spoilt page holds is unknown, but there is no use in reading it over and over.
    const completeAt = scan.isWhole ? now : watch.completeAt;
    await saveProgress(tx, progress, { completeAt });
    return { watch: { ...after(watch, seq, totalsOf(watch)), completeAt }, progress, seq };
  });
  await publish(parts, ended?.seq);
  return ended && { watch: ended.watch, progress: ended.progress, schedule: at.schedule };
}
