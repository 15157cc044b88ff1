import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { backOffMs, type OpenCarrier } from "./carrier.ts";
import type { EventName, Events, EventsLogger } from "./events.ts";
import { createListeners } from "./listeners.ts";

/** Far more than a message needs: those that are told look the thing itself up. */
const messageCharsMax = 1024 ** 2;

const Message = z.union([
  z.object({ from: z.string(), name: z.string(), payload: z.unknown() }),
  // The sender could not send for a while.
  z.object({ from: z.string(), gap: z.literal(true) }),
]);
type Message = z.infer<typeof Message>;

export interface CarriedEventsOptions {
  logger: EventsLogger;
  /** How long to wait for the server at the start; without it the events of this process alone go on. */
  waitMs?: number;
}

/** Events by way of a server that may go away and come back. */
export async function createCarriedEvents(
  open: OpenCarrier,
  { logger, waitMs = 2000 }: CarriedEventsOptions,
): Promise<Events> {
  const self = randomUUID();
  const listeners = createListeners(logger);
  const gapListeners = new Set<() => void>();
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  let hasStarted = false;
  let isListening = false;
  let isSending = true;
  let outage: { since: number; lost: number } | undefined;

  function tellGap(): void {
    for (const listener of [...gapListeners]) {
      try {
        listener();
      } catch (err) {
        logger.error({ err }, "a listener for gaps between events failed");
      }
    }
  }

  function noteTrouble(error: Error): void {
    if (outage || isClosing()) return;
    outage = { since: Date.now(), lost: 0 };
    // Not the error itself: a driver's may hold the URL with its password.
    logger.warn({ reason: error.message }, "no events between processes until their server is back");
  }

  function noteRecovery(): void {
    if (!outage || !isListening || !isSending) return;
    const { since, lost } = outage;
    outage = undefined;
    logger.info({ awayMs: Date.now() - since, lost }, "events between processes are back");
  }

  function receive(text: string): void {
    let message: Message;
    try {
      message = Message.parse(JSON.parse(text));
    } catch (err) {
      logger.error({ err }, "an event could not be read");
      return;
    }
    // What this process says it has heard already.
    if (message.from === self) return;
    if ("gap" in message) tellGap();
    else listeners.tell(message.name as EventName, message.payload as never);
  }

  let begun = (): void => undefined;
  const firstListening = new Promise<void>((resolve) => (begun = resolve));
  const carrier = open({
    onMessage: receive,
    onListening: () => {
      isListening = true;
      noteRecovery();
      if (hasStarted) tellGap();
      begun();
    },
    onAway: (error) => {
      isListening = false;
      noteTrouble(error);
    },
  });

  /** Of several messages that fail at once, the first takes care. */
  function noteUnsent(): void {
    if (!isSending) return;
    isSending = false;
    void admitGap();
  }

  /** Others do not know what they have missed, so they are told that they have. */
  async function admitGap(): Promise<void> {
    for (let attempt = 0; !isSending && !isClosing(); attempt += 1) {
      await delay(backOffMs(attempt), undefined, { signal: closing.signal }).catch(() => undefined);
      if (isClosing()) return;
      isSending = await carrier.send(JSON.stringify({ from: self, gap: true } satisfies Message)).then(
        () => true,
        () => false,
      );
    }
    noteRecovery();
  }

  const timeout = delay(waitMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
  await Promise.race([firstListening, timeout]);
  hasStarted = true;
  let closed: Promise<void> | undefined;
  return {
    async publish(name, payload) {
      listeners.tell(name, payload);
      if (isClosing()) return;
      const text = JSON.stringify({ from: self, name, payload } satisfies Message);
      if (text.length > messageCharsMax) {
        logger.error({ event: name, chars: text.length }, "an event is too long to be sent");
        return;
      }
      if (isSending) {
        const error = await carrier.send(text).catch((thrown: unknown) => thrown as Error);
        if (!error) return;
        noteTrouble(error);
        noteUnsent();
      }
      if (outage) outage.lost += 1;
    },
    subscribe: (name, listener) => listeners.add(name, listener),
    onGap(listener) {
      gapListeners.add(listener);
      return () => gapListeners.delete(listener);
    },
    close() {
      closing.abort();
      return (closed ??= carrier.close());
    },
  };
}
