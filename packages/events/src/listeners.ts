import type { EventName, EventPayloads, EventsLogger } from "./events.ts";

type Listener = (payload: never) => void;

/** Who listens to what in this process. */
export interface Listeners {
  add<Name extends EventName>(name: Name, listener: (payload: EventPayloads[Name]) => void): () => void;
  tell<Name extends EventName>(name: Name, payload: EventPayloads[Name]): void;
}

export function createListeners(logger: EventsLogger): Listeners {
  const byName = new Map<EventName, Set<Listener>>();
  return {
    add(name, listener) {
      const listeners = byName.get(name) ?? new Set();
      byName.set(name, listeners.add(listener));
      return () => listeners.delete(listener);
    },
    tell(name, payload) {
      for (const listener of [...(byName.get(name) ?? [])]) {
        try {
          listener(payload as never);
        } catch (err) {
          logger.error({ err, event: name }, "a listener of an event failed");
        }
      }
    },
  };
}
