import type { Db } from "@robin/db";
import type { Events } from "@robin/events";
import type { Logger, SignedInContext } from "../../context.ts";
import { createWatchers, type Feed } from "../../live/feed.ts";
import { LiveMessage } from "../../live/live-message.ts";
import { LiveStream } from "../../live/live-stream.ts";
import { type QueueDelta, type QueueSnapshot, readQueueDeltas, readQueueSnapshot } from "./snapshot-store.ts";
import type { QueueMessage, WatchQueueInput } from "./watch-queue.schemas.ts";

export interface QueueFeedConfig {
  /** Items of a snapshot. */
  itemsMax?: number;
  /** Of the deltas that are kept for who comes back or was slow, as JSON. */
  keptBytesMax?: number;
  /** How often the record is looked at without an event: so much later it goes on while events are away. */
  lookMs?: number;
}

/** The queue as the worker records it: read once for all who watch in this process. */
export type QueueFeed = Feed<QueueMessage> & {
  /** Ends it, with its timer. */
  close(): void;
};

type Kept = LiveMessage<QueueMessage> & { readonly data: { seq: number } };

/** Deltas from before the first watcher, for those who come back from another process or an earlier life of this one. */
const formerDeltas = 50;
const retryMs = 1000;

export function createQueueFeed(
  { itemsMax = 1000, keptBytesMax = 1024 ** 2, lookMs = 10_000 }: QueueFeedConfig,
  { db, events, logger }: { db: Db; events: Events; logger: Logger },
): QueueFeed {
  /** The number that this process has got to; undefined before the first look. */
  let head: number | undefined;
  /** The deltas up to `head`, without a gap. */
  let deltas: Kept[] = [];
  let snapshot: Kept | undefined;
  let reading: Promise<Kept> | undefined;
  let looking: Promise<void> | undefined;
  let lookAgain = false;
  let hasFailed = false;
  /** False while nobody watches: then `head` may be old. */
  let isCurrent = false;
  let timer: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;

  const watchers = createWatchers({
    onFirst: () => {
      timer = setInterval(() => void look(), lookMs).unref();
      void look();
    },
    onLast: () => {
      isCurrent = false;
      clearInterval(timer);
      clearTimeout(retry);
    },
  });

  const stops = [
    events.subscribe("queue.delta", ({ seq }) => {
      if (watchers.size > 0 && seq > (head ?? -1)) void look();
    }),
    events.onGap(() => {
      if (watchers.size > 0) void look();
    }),
  ];

  /** Brings `head` up to date. Looks come together in one that runs; never rejects. */
  function look(): Promise<void> {
    lookAgain = true;
    looking ??= lookWhileAsked().finally(() => (looking = undefined));
    return looking;
  }

  async function lookWhileAsked(): Promise<void> {
    try {
      let hasMoved = hasFailed;
      while (lookAgain) {
        lookAgain = false;
        hasMoved = (await lookOnce()) || hasMoved;
      }
      isCurrent = watchers.size > 0;
      hasFailed = false;
      if (hasMoved) watchers.tellAll();
    } catch (err) {
      noteFailure(err);
    }
  }

  /** All who watch are told when it is over. */
  function noteFailure(err: unknown): void {
    if (!hasFailed) logger.warn({ err }, "the queue's record cannot be read for those who watch it");
    hasFailed = true;
    clearTimeout(retry);
    if (watchers.size > 0) retry = setTimeout(() => void look(), retryMs).unref();
  }

  async function lookOnce(): Promise<boolean> {
    if (head === undefined) {
      const { seq } = (await readSnapshot()).data;
      const former = await readQueueDeltas(db, Math.max(0, seq - formerDeltas));
      begin(seq, former ?? []);
      return true;
    }
    const since = await readQueueDeltas(db, head);
    if (since === undefined) {
      const { seq } = (await readSnapshot()).data;
      // A record that was replaced begins anew, and so does everybody here.
      begin(seq, []);
      return true;
    }
    keep(since);
    return since.length > 0;
  }

  function begin(seq: number, former: readonly QueueDelta[]): void {
    head = former.at(-1)?.seq ?? seq;
    deltas = [];
    keep(former);
  }

  function keep(added: readonly QueueDelta[]): void {
    deltas.push(...added.map(toDeltaMessage));
    head = deltas.at(-1)?.data.seq ?? head;
    let bytes = 0;
    const tooOld = deltas.findLastIndex(({ text }) => (bytes += text.length) > keptBytesMax);
    deltas = deltas.slice(tooOld + 1);
  }

  /** Any number of callers cause one reading. */
  function readSnapshot(): Promise<Kept> {
    reading ??= readQueueSnapshot(db, { limit: itemsMax })
      .then((found) => (snapshot = toSnapshotMessage(found)))
      .finally(() => (reading = undefined));
    return reading;
  }

  /** The deltas after this number. Undefined when they are not at hand. */
  function deltasAfter(seq: number): Kept[] | undefined {
    if (seq === head) return [];
    const first = deltas[0]?.data.seq;
    return first !== undefined && seq >= first - 1 && seq < (head ?? 0) ? deltas.slice(seq + 1 - first) : undefined;
  }

  function atHand(after: number | undefined): Kept[] | undefined {
    const since = after === undefined ? undefined : deltasAfter(after);
    return since ?? (snapshot && snapshot.data.seq === head ? [snapshot] : undefined);
  }

  async function sinceLater(after: number | undefined): Promise<Kept[]> {
    // Another process may have heard of it first.
    if (!isCurrent || (after !== undefined && after > (head ?? 0))) await look();
    if (hasFailed) throw new Error("the queue's record cannot be read now");
    const known = atHand(after);
    if (known) return known;
    const fresh = await readSnapshot().catch((error: unknown) => {
      noteFailure(error);
      throw error;
    });
    if (fresh.data.seq > (head ?? 0)) await look();
    return [fresh, ...(deltasAfter(fresh.data.seq) ?? [])];
  }

  return {
    since(id) {
      const after = numberOf(id);
      if (!isCurrent || (after ?? 0) > (head ?? 0)) return sinceLater(after);
      return atHand(after) ?? sinceLater(after);
    },
    watch: (listener) => watchers.add(listener),
    close() {
      for (const stop of stops) stop();
      clearInterval(timer);
      clearTimeout(retry);
    },
  };
}

/** Of an id that another feed gave, nothing is known. */
function numberOf(id: string | undefined): number | undefined {
  return id !== undefined && /^\d{1,15}$/.test(id) ? Number(id) : undefined;
}

function toDeltaMessage({ seq, at, ...changes }: QueueDelta): Kept {
  return new LiveMessage(String(seq), "delta", { type: "delta", seq, at, ...changes });
}

function toSnapshotMessage({ seq, ...picture }: QueueSnapshot): Kept {
  return new LiveMessage(String(seq), "snapshot", { type: "snapshot", seq, ...picture });
}

/** @throws AppError as `LiveClients.admit`. */
export function watchQueue(ctx: SignedInContext, input: WatchQueueInput): LiveStream<QueueMessage> {
  return new LiveStream(ctx, { feed: ctx.deps.live.queue, after: input?.lastEventId, permission: "VIEW_QUEUE" });
}
