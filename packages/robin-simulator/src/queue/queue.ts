import { epochSeconds } from "../clock.ts";
import type { SimulatorClock } from "../clock.ts";
import { createOrderedItems } from "./ordered-items.ts";
import type { QueueFilter } from "./ordered-items.ts";
import type { Random } from "../random.ts";
import { claimTimeoutSeconds, maxRetryCount, retryWaitSeconds } from "./schedule.ts";

export type QueueItemState = "READY" | "CLAIMED" | "DEAD";

export interface SimulatedEnvelope {
  readonly mail: string | undefined;
  readonly rcpts: readonly string[];
  /** Path of the message on the simulated server; undefined when an item was added without one. */
  readonly file: string | undefined;
  /** Robin cannot write such an envelope down any more once its DATA was refused; see `listError`. */
  readonly mime?: boolean;
}

export interface SimulatedQueueItem {
  /** The relay UID: what delete, retry and bounce want, and the page shows as `data-uid`. */
  readonly uid: string;
  readonly sessionUid: string;
  readonly state: QueueItemState;
  readonly protocol: string;
  readonly mailbox: string;
  readonly retryCount: number;
  readonly maxRetryCount: number;
  readonly createdAtSeconds: number;
  readonly nextAttemptAtSeconds: number;
  /** 0 unless the item is CLAIMED. */
  readonly claimedUntilSeconds: number;
  /** 0 when it was never retried. */
  readonly lastRetryAtSeconds: number;
  readonly lastError: string | undefined;
  readonly envelopes: readonly SimulatedEnvelope[];
  /** A text makes every list page that contains the item a 500 with it, as an item that Robin cannot read back does. */
  readonly listError: string | undefined;
}

export interface FailOptions {
  /** True is a 5xx reply: an `esmtp` item (any case) dies at once. Every other protocol is retried nevertheless, as in Robin. */
  readonly permanent: boolean;
  readonly reason?: string;
  /** True queues Robin's notices (to the failed recipients, not to the sender) when the item dies. Default false. */
  readonly bounce?: boolean;
}

export interface QueueStatistics {
  readonly oldestReadyAtSeconds: number;
  readonly oldestClaimedAtSeconds: number;
  readonly reschedules: number;
}

export interface SimulatedQueue {
  /** READY and CLAIMED items, which is what Robin calls the queue size; dead ones are not in it. */
  readonly size: number;
  counts(): { ready: number; claimed: number; dead: number };
  /** All items in Robin's order: second of creation, then UID. */
  items(): readonly SimulatedQueueItem[];
  list(filter: QueueFilter): readonly SimulatedQueueItem[];
  get(uid: string): SimulatedQueueItem | undefined;
  /** Every field has a default; a missing UID comes from the seed. An existing UID is replaced. */
  add(item?: Partial<SimulatedQueueItem>): SimulatedQueueItem;
  /** Claims up to `count` READY items that are due by the clock, those that wait longest first. */
  claim(count: number): readonly SimulatedQueueItem[];
  /** A successful delivery: the item is gone, whatever its state. False for an unknown UID. */
  deliver(uid: string): boolean;
  /** A failed delivery: back to READY with the next wait of the schedule, or DEAD. False for an unknown UID. */
  fail(uid: string, options: FailOptions): boolean;
  remove(uid: string): boolean;
  /** What the API's retry does: READY and due now, counter +1, also for DEAD and CLAIMED items. */
  retryNow(uid: string): boolean;
  /** What the API's bounce does: DEAD, nothing is sent. */
  markDead(uid: string, reason: string): boolean;
  /** Housekeeping: gives expired claims back to READY and says how many. */
  releaseExpiredClaims(): number;
  statistics(): QueueStatistics;
}

type MutableItem = { -readonly [Key in keyof SimulatedQueueItem]: SimulatedQueueItem[Key] };

export interface QueueDependencies {
  readonly clock: SimulatorClock;
  readonly random: Random;
  readonly hostname: string;
  readonly queueFolder: string;
}

export function createSimulatedQueue(deps: QueueDependencies): SimulatedQueue {
  const { clock, random } = deps;
  const store = createOrderedItems<MutableItem>();
  let reschedules = 0;

  function add(partial: Partial<SimulatedQueueItem> = {}): MutableItem {
    const nowSeconds = epochSeconds(clock);
    const protocol = partial.protocol ?? "ESMTP";
    const sessionUid = partial.sessionUid ?? random.uuid();
    const item: MutableItem = {
      uid: random.uuid(),
      sessionUid,
      state: "READY",
      protocol,
      mailbox: "INBOX",
      retryCount: 0,
      maxRetryCount: maxRetryCount(protocol),
      createdAtSeconds: nowSeconds,
      nextAttemptAtSeconds: nowSeconds,
      claimedUntilSeconds: partial.state === "CLAIMED" ? nowSeconds + claimTimeoutSeconds : 0,
      lastRetryAtSeconds: 0,
      lastError: undefined,
      envelopes: [
        { mail: "from@example.com", rcpts: ["to@example.com"], file: `${deps.queueFolder}/qeml-${sessionUid}-0.eml` },
      ],
      listError: undefined,
      ...partial,
    };
    store.put(item);
    return item;
  }

  function change(uid: string, fields: Partial<MutableItem>): boolean {
    const item = store.get(uid);
    if (item === undefined) return false;
    store.update(item, () => Object.assign(item, fields));
    return true;
  }

  function addBounces(item: SimulatedQueueItem): void {
    for (const recipient of new Set(item.envelopes.flatMap((envelope) => envelope.rcpts))) {
      const sessionUid = random.uuid();
      const file = `${deps.queueFolder}/qeml-qeml-${sessionUid}-0.eml`;
      add({
        sessionUid,
        protocol: "esmtp",
        envelopes: [{ mail: `mailer-daemon@${deps.hostname}`, rcpts: [recipient], file }],
      });
    }
  }

  function fail(uid: string, options: FailOptions): boolean {
    const item = store.get(uid);
    if (item === undefined) return false;
    const reason = options.reason ?? (options.permanent ? "550 5.1.1 No such user" : "451 4.3.0 Try again later");
    const unreadable = item.envelopes.some((envelope) => envelope.mime === true);
    const listError = unreadable ? "Failed to serialize queue payload" : item.listError;
    const dies = options.permanent && item.protocol.toLowerCase() === "esmtp";
    if (!dies && item.retryCount < item.maxRetryCount) {
      const nowSeconds = epochSeconds(clock);
      const retryCount = item.retryCount + 1;
      const nextAttemptAtSeconds = nowSeconds + retryWaitSeconds(retryCount);
      reschedules += 1;
      return change(uid, {
        state: "READY",
        claimedUntilSeconds: 0,
        retryCount,
        lastRetryAtSeconds: nowSeconds,
        nextAttemptAtSeconds,
        lastError: reason,
        listError,
      });
    }
    change(uid, { state: "DEAD", claimedUntilSeconds: 0, lastError: reason, listError });
    if (options.bounce === true) addBounces(item);
    return true;
  }

  function claim(count: number): readonly SimulatedQueueItem[] {
    const nowSeconds = epochSeconds(clock);
    const due = store.list({ states: ["READY"] }).filter((item) => item.nextAttemptAtSeconds <= nowSeconds);
    // The list comes in order of creation and the sort is stable, so ties keep Robin's order.
    const claimed = due.sort((a, b) => a.nextAttemptAtSeconds - b.nextAttemptAtSeconds).slice(0, Math.max(0, count));
    for (const item of claimed)
      change(item.uid, { state: "CLAIMED", claimedUntilSeconds: nowSeconds + claimTimeoutSeconds });
    return claimed;
  }

  function releaseExpiredClaims(): number {
    const nowSeconds = epochSeconds(clock);
    const expired = store.list({ states: ["CLAIMED"] }).filter((item) => item.claimedUntilSeconds <= nowSeconds);
    for (const item of expired)
      change(item.uid, { state: "READY", claimedUntilSeconds: 0, nextAttemptAtSeconds: nowSeconds });
    return expired.length;
  }

  const oldest = (state: QueueItemState, time: (item: SimulatedQueueItem) => number): number =>
    store.list({ states: [state] }).reduce((least, item) => Math.min(least, time(item)), Infinity);
  const orZero = (seconds: number): number => (Number.isFinite(seconds) ? seconds : 0);

  /** Every health answer wants them, and a queue of 100,000 items is a lot to look through. */
  let known: { version: number; statistics: QueueStatistics } | undefined;
  function statistics(): QueueStatistics {
    if (known?.version === store.version) return known.statistics;
    const current = {
      oldestReadyAtSeconds: orZero(oldest("READY", (item) => item.nextAttemptAtSeconds)),
      oldestClaimedAtSeconds: orZero(oldest("CLAIMED", (item) => item.claimedUntilSeconds)),
      reschedules,
    };
    known = { version: store.version, statistics: current };
    return current;
  }

  return {
    get size() {
      const { ready, claimed } = store.counts();
      return ready + claimed;
    },
    counts: () => store.counts(),
    items: () => store.list({}),
    list: (filter) => store.list(filter),
    get: (uid) => store.get(uid),
    add,
    claim,
    deliver: (uid) => store.delete(uid),
    fail,
    remove: (uid) => store.delete(uid),
    retryNow: (uid) => {
      const nowSeconds = epochSeconds(clock);
      const retryCount = (store.get(uid)?.retryCount ?? 0) + 1;
      return change(uid, {
        state: "READY",
        claimedUntilSeconds: 0,
        retryCount,
        lastRetryAtSeconds: nowSeconds,
        nextAttemptAtSeconds: nowSeconds,
        lastError: undefined,
      });
    },
    markDead: (uid, reason) => change(uid, { state: "DEAD", claimedUntilSeconds: 0, lastError: reason }),
    releaseExpiredClaims,
    statistics,
  };
}
