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
  /** Another number after each change. */
  readonly version: number;
  counts(): { ready: number; claimed: number; dead: number };
  /** A list of its own for the caller, in order of creation second and UID. */
  list(filter: QueueFilter): Item[];
}

const stateCounter = { READY: "ready", CLAIMED: "claimed", DEAD: "dead" } as const;

/** Up to this many new items are put in their places one by one; more are worth a sort. */
const fewItems = 100;

/** Bounds the remembered lists: a test that tries every retry range must not keep a copy of the queue for each. */
const rememberedListsMax = 16;

/** The queue's items with their order, counters and filtered lists kept up to date, so that a page of 100,000 items costs no sorting. */
export function createOrderedItems<Item extends SimulatedQueueItem>(): OrderedItems<Item> {
  const byUid = new Map<string, Item>();
  const counters = { ready: 0, claimed: 0, dead: 0 };
  const remembered = new Map<string, readonly Item[]>();
  let ordered: Item[] = [];
  /** Put since the order was last looked at. */
  let added: Item[] = [];
  let hasGaps = false;
  let version = 0;

  function all(): readonly Item[] {
    if (hasGaps) {
      const isThere = (item: Item): boolean => byUid.get(item.uid) === item;
      ordered = ordered.filter(isThere);
      added = added.filter(isThere);
      hasGaps = false;
    }
    if (added.length > fewItems) ordered = [...ordered, ...added].sort(compareItems);
    else for (const item of added) ordered.splice(findPlace(ordered, item), 0, item);
    added = [];
    return ordered;
  }

  function changed(): void {
    version += 1;
    remembered.clear();
  }

  function matching(filter: QueueFilter): readonly Item[] {
    const key = JSON.stringify([filter.states, filter.protocol?.toLowerCase(), filter.retryMin, filter.retryMax]);
    const known = remembered.get(key);
    if (known !== undefined) return known;
    if (remembered.size >= rememberedListsMax) remembered.clear();
    const items = all().filter(createMatcher(filter));
    remembered.set(key, items);
    return items;
  }

  function remove(uid: string): boolean {
    const item = byUid.get(uid);
    if (item === undefined) return false;
    byUid.delete(uid);
    counters[stateCounter[item.state]] -= 1;
    hasGaps = true;
    changed();
    return true;
  }

  return {
    get: (uid) => byUid.get(uid),
    put: (item) => {
      remove(item.uid);
      byUid.set(item.uid, item);
      counters[stateCounter[item.state]] += 1;
      added.push(item);
      changed();
    },
    update: (item, change) => {
      counters[stateCounter[item.state]] -= 1;
      change();
      counters[stateCounter[item.state]] += 1;
      changed();
    },
    delete: remove,
    counts: () => ({ ...counters }),
    get version() {
      return version;
    },
    list: (filter) => matching(filter).slice(),
  };
}

function compareItems(a: SimulatedQueueItem, b: SimulatedQueueItem): number {
  if (a.createdAtSeconds !== b.createdAtSeconds) return a.createdAtSeconds - b.createdAtSeconds;
  return a.uid < b.uid ? -1 : Number(a.uid > b.uid);
}

/** Where the item belongs in a sorted list. */
function findPlace(sorted: readonly SimulatedQueueItem[], item: SimulatedQueueItem): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = sorted[middle];
    if (other !== undefined && compareItems(other, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function createMatcher(filter: QueueFilter): (item: SimulatedQueueItem) => boolean {
  const states = new Set(filter.states ?? ["READY", "CLAIMED", "DEAD"]);
  const protocol = filter.protocol?.toLowerCase();
  const { retryMin = -Infinity, retryMax = Infinity } = filter;
  return (item) =>
    states.has(item.state) &&
    item.retryCount >= retryMin &&
    item.retryCount <= retryMax &&
    (protocol === undefined || protocol === item.protocol.toLowerCase());
}
