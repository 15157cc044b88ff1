import type { LiveMessage } from "./live-message.ts";

/** Something that changes, for many to watch. It is looked at while somebody does. */
export interface Feed<Data extends object = object> {
  /**
   * What brings a watcher up to date who has seen the message `after`, or none: the messages since, or a whole picture.
   * At once when they are at hand. Rejects when they cannot be had now; listeners are told when they can.
   */
  since(after: string | undefined): readonly LiveMessage<Data>[] | Promise<readonly LiveMessage<Data>[]>;
  /** The listener is called when there may be something new. Returns how to stop watching. */
  watch(listener: () => void): () => void;
}

/** Watchers that are told at a stretch before others get their turn. */
const atOnce = 250;

/** Who is to be told that there is something new. */
export interface Watchers {
  readonly size: number;
  add(listener: () => void): () => void;
  /** In several stretches when they are many, so that requests are served in between. */
  tellAll(): void;
}

export function createWatchers({ onFirst, onLast }: { onFirst: () => void; onLast: () => void }): Watchers {
  const listeners = new Set<() => void>();
  let isTelling = false;
  let isMore = false;

  function tell(rest: Iterator<() => void>): void {
    for (let told = 0; told < atOnce; told += 1) {
      const next = rest.next();
      if (next.done) {
        isTelling = false;
        if (isMore) begin();
        return;
      }
      next.value();
    }
    setImmediate(tell, rest);
  }

  function begin(): void {
    isTelling = true;
    isMore = false;
    tell(listeners.values());
  }

  return {
    get size() {
      return listeners.size;
    },
    add(listener) {
      listeners.add(listener);
      if (listeners.size === 1) onFirst();
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) onLast();
      };
    },
    tellAll() {
      if (isTelling) isMore = true;
      else begin();
    },
  };
}
