import type { QueueItemState, SimulatedQueueItem } from "./queue.ts";

export interface QueueFilter {
  /** Absent means every state, which is not what Robin's list page defaults to. */
  readonly states?: readonly QueueItemState[];
  /** Compared as a whole, without regard to case. */
  readonly protocol?: string;
  readonly retryMin?: number;
  readonly retryMax?: number;
}

export interface OrderedItems<Item> {
  get(uid: string): Item | undefined;
  put(item: Item): void;
  /** Runs a change of an item that is in the store; its UID and creation time must stay. */
  update(item: Item, change: () => void): void;
  delete(uid: string): boolean;
  counts(): { ready: number; claimed: number; dead: number };
  /** A list of its own for the caller, in order of creation second and UID. */
  list(filter: QueueFilter): Item[];
}

const stateCounter = { READY: "ready", CLAIMED: "claimed", DEAD: "dead" } as const;

/** Bounds the remembered lists: a test that tries every retry range must not keep a copy of the queue for each. */
const rememberedListsMax = 16;

/** The queue's items with their order, counters and filtered lists kept up to date, so that a page of 100,000 items costs no sorting. */
export function createOrderedItems<Item extends SimulatedQueueItem>(): OrderedItems<Item> {
  const byUid = new Map<string, Item>();
  const counters = { ready: 0, claimed: 0, dead: 0 };
  const remembered = new Map<string, readonly Item[]>();
  let ordered: Item[] = [];
  let unsorted = false;
  let hasGaps = false;

  function all(): readonly Item[] {
    if (hasGaps) ordered = ordered.filter((item) => byUid.get(item.uid) === item);
    if (unsorted) ordered.sort(compareItems);
    hasGaps = false;
    unsorted = false;
    return ordered;
  }

  function matching(filter: QueueFilter): readonly Item[] {
    const key = JSON.stringify([filter.states, filter.protocol?.toLowerCase(), filter.retryMin, filter.retryMax]);
    const known = remembered.get(key);
    if (known !== undefined) return known;
    if (remembered.size >= rememberedListsMax) remembered.clear();
    const items = all().filter((item) => matches(item, filter));
    remembered.set(key, items);
    return items;
  }

  function remove(uid: string): boolean {
    const item = byUid.get(uid);
    if (item === undefined) return false;
    byUid.delete(uid);
    counters[stateCounter[item.state]] -= 1;
    hasGaps = true;
    remembered.clear();
    return true;
  }

  return {
    get: (uid) => byUid.get(uid),
    put: (item) => {
      remove(item.uid);
      byUid.set(item.uid, item);
      counters[stateCounter[item.state]] += 1;
      const last = ordered.at(-1);
      unsorted ||= last !== undefined && compareItems(last, item) > 0;
      ordered.push(item);
      remembered.clear();
    },
    update: (item, change) => {
      counters[stateCounter[item.state]] -= 1;
      change();
      counters[stateCounter[item.state]] += 1;
      remembered.clear();
    },
    delete: remove,
    counts: () => ({ ...counters }),
    list: (filter) => matching(filter).slice(),
  };
}

function compareItems(a: SimulatedQueueItem, b: SimulatedQueueItem): number {
  if (a.createdAtSeconds !== b.createdAtSeconds) return a.createdAtSeconds - b.createdAtSeconds;
  return a.uid < b.uid ? -1 : Number(a.uid > b.uid);
}

function matches(item: SimulatedQueueItem, filter: QueueFilter): boolean {
  return (
    (filter.states?.includes(item.state) ?? true) &&
    (filter.protocol === undefined || filter.protocol.toLowerCase() === item.protocol.toLowerCase()) &&
    item.retryCount >= (filter.retryMin ?? -Infinity) &&
    item.retryCount <= (filter.retryMax ?? Infinity)
  );
}
