export { createEvents, type EventsConfig } from "./create-events.ts";
export type { EventName, EventPayloads, Events, EventsLogger } from "./events.ts";
export { createLocalEvents } from "./local-events.ts";
