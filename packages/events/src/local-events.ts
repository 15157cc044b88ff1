import type { Events, EventsLogger } from "./events.ts";
import { createListeners } from "./listeners.ts";

/** For one process alone: nothing leaves it, so nothing is lost. */
export function createLocalEvents(logger: EventsLogger): Events {
  const listeners = createListeners(logger);
  return {
    publish(name, payload) {
      listeners.tell(name, payload);
      return Promise.resolve();
    },
    subscribe: (name, listener) => listeners.add(name, listener),
    onGap: () => () => undefined,
    close: () => Promise.resolve(),
  };
}
