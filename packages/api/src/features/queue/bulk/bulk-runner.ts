import type { Db, QueueBulkRun } from "@robin/db";
import type { Events } from "@robin/events";
import { isRobinError, type RobinClient } from "@robin/sdk";
import { randomUUID } from "node:crypto";
import type { Clock, Logger } from "../../../context.ts";
import { recordQueueAction } from "../snapshot-actions.ts";
import { askRobin, type AskResult } from "./ask-robin.ts";
import {
  type ClaimedItem,
  claimBatch,
  endRun,
  forgetAsked,
  release,
  settle,
  type Skipped,
  takeOver,
} from "./run-progress.ts";
import { actionOf } from "./bulk-store.ts";

export interface BulkParts {
  db: Db;
  robin: RobinClient;
  events: Events;
  clock: Clock;
  logger: Logger;
  /** Aborted when the worker stops: the batch at hand is seen through, the rest is for another one. */
  signal: AbortSignal;
  /** Leaves Robin to others; ends early when the signal aborts. */
  pause: (ms: number) => Promise<void>;
  batchSize: number;
}

/** Of Robin's time that a run may take: after each batch others have three times as long. */
const pauseFactor = 3;
const pauseMsMin = 20;
const pauseMsMax = 3000;
/** A batch is tried so often before its items are taken one by one. */
const triesMax = 3;
const probeTimeoutMs = 5000;

const away = "Robin cannot be reached; the run goes on when it can.";
const unknownFate = "Robin did not answer properly: it may have been tried again, or not.";
const alreadyGone = "It had left the queue.";
const inDelivery = "It is being delivered at the moment.";

/** Works on what was ordered, one run after the other, until nothing is left, Robin is away or the worker stops. */
export async function workOnBulkRuns(parts: BulkParts): Promise<{ ended: number; waiting: boolean }> {
  const worker = randomUUID();
  for (let ended = 0; ; ended += 1) {
    if (parts.signal.aborted) return { ended, waiting: true };
    const run = await takeOver(parts.db, worker, parts.clock.now());
    if (!run) return { ended, waiting: false };
    if (run.isAnew) await settleLeftovers(parts, run);
    if (run.status !== "CANCELLING" && !(await isRobinThere(parts))) {
      await parts.db.queueBulkRun.updateMany({ where: { id: run.id, worker }, data: { problem: away } });
      return { ended, waiting: true };
    }
    if ((await workOn(parts, run.id, worker)) === "wait") return { ended, waiting: true };
  }
}

async function isRobinThere({ robin, signal }: BulkParts): Promise<boolean> {
  try {
    await robin.health.client({ signal, timeoutMs: probeTimeoutMs });
    return true;
  } catch (error) {
    if (isRobinError(error)) return false;
    throw error;
  }
}

/** What another worker had asked when it died: a retry is not repeated, since it may have taken effect. */
async function settleLeftovers({ db, logger }: BulkParts, run: QueueBulkRun): Promise<void> {
  const left = await forgetAsked(db, run, run.action === "RETRY" ? unknownFate : undefined);
  if (left > 0) logger.warn({ bulkId: run.id, items: left }, "bulk run taken over in the middle of a batch");
}

async function workOn(parts: BulkParts, id: string, worker: string): Promise<"ended" | "wait"> {
  const { db, events, clock, logger, signal, pause, batchSize } = parts;
  for (;;) {
    const run = await db.queueBulkRun.findUnique({ where: { id } });
    // Deleted, or another worker took this one for dead.
    if (run?.worker !== worker) return "wait";
    if (signal.aborted) return "wait";
    const isCancelled = run.status === "CANCELLING";
    const batch = isCancelled ? [] : await claimBatch(db, run, { batchSize, careful: run.carefulUntil > 0 });
    if (batch.length === 0) {
      const ended = await endRun(db, run, { status: isCancelled ? "CANCELLED" : "DONE", at: clock.now() });
      if (!ended) continue;
      await events.publish("cache.invalidate", { tags: ["queue"] });
      await events.publish("bulk.progress", { bulkId: id });
      logger.info({ bulkId: id, cancelled: isCancelled }, "bulk run has ended");
      return "ended";
    }
    const sorted = sortOut(run, batch);
    const began = performance.now();
    const answer = await ask(parts, run, sorted.asked);
    const robinMs = performance.now() - began;
    const next = await conclude(parts, run, { ...sorted, batch, answer });
    await events.publish("bulk.progress", { bulkId: id });
    if (next !== "go on") return next;
    await pause(Math.min(pauseMsMax, Math.max(pauseMsMin, robinMs * pauseFactor)));
  }
}

interface SortedBatch {
  asked: readonly ClaimedItem[];
  /** What Robin is not asked for, and why. */
  skipped: readonly Skipped[];
}

function sortOut(run: QueueBulkRun, batch: readonly ClaimedItem[]): SortedBatch {
  const gone = batch.filter(({ hasLeft }) => hasLeft);
  const mayClaimed = run.action !== "RETRY" || namesClaimed(run);
  const busy = batch.filter(({ hasLeft, state }) => !hasLeft && state === "CLAIMED" && !mayClaimed);
  const asked = batch.filter((item) => !gone.includes(item) && !busy.includes(item));
  return {
    asked,
    skipped: [
      { items: gone, status: "MISSING", reason: alreadyGone },
      { items: busy, status: "FAILED", reason: inDelivery },
    ],
  };
}

async function ask({ robin }: BulkParts, { action }: QueueBulkRun, items: readonly ClaimedItem[]): Promise<AskResult> {
  return items.length === 0 ? { kind: "done", count: 0 } : askRobin(robin, actionOf[action], items);
}

async function conclude(
  parts: BulkParts,
  run: QueueBulkRun,
  { asked, skipped, batch, answer }: SortedBatch & { batch: readonly ClaimedItem[]; answer: AskResult },
): Promise<"go on" | "ended" | "wait"> {
  const { db, clock, events } = parts;
  const action = actionOf[run.action];
  switch (answer.kind) {
    case "done":
      await settle(db, run, { done: asked, found: answer.count, skipped });
      if (answer.count > 0) {
        await recordQueueAction(parts, {
          action,
          uids: asked.map(({ uid }) => uid),
          by: run.requestedBy,
          at: clock.now(),
          isComplete: answer.count === asked.length,
        });
      }
      return "go on";
    case "not-sent":
      await release(db, run, batch, { problem: away });
      return "wait";
    case "refused":
      await release(db, run, batch, {});
      await endRun(db, run, { status: "FAILED", at: clock.now(), problem: answer.reason });
      await events.publish("cache.invalidate", { tags: ["queue"] });
      return "ended";
    case "unknown": {
      if (action === "retry") {
        await settle(db, run, { skipped: [...skipped, { items: asked, status: "FAILED", reason: unknownFate }] });
        return "wait";
      }
      if (run.carefulUntil > 0) {
        await settle(db, run, { skipped: [...skipped, { items: asked, status: "FAILED", reason: answer.reason }] });
        return "go on";
      }
      const isLast = run.tries + 1 >= triesMax;
      const carefulUntil = isLast ? Math.max(...batch.map(({ position }) => position)) : 0;
      await release(db, run, batch, { problem: answer.reason, tries: isLast ? 0 : run.tries + 1, carefulUntil });
      return isLast ? "go on" : "wait";
    }
  }
}

function namesClaimed({ filter }: QueueBulkRun): boolean {
  const { states } = filter as { states?: string[] };
  return states?.includes("CLAIMED") ?? false;
}
