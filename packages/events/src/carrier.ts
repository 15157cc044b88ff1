import { setTimeout as delay } from "node:timers/promises";

/** Takes text from this process to all that listen, this one among them or not. */
export interface Carrier {
  /** Rejects when it cannot be sent now; in the order of the calls. */
  send(text: string): Promise<void>;
  close(): Promise<void>;
}

export interface CarrierHandlers {
  onMessage: (text: string) => void;
  /** From now on messages arrive, for the first time or again. */
  onListening: () => void;
  /** Messages do not arrive; the carrier is trying to change that. May be told many times for one outage. */
  onAway: (error: Error) => void;
}

export type OpenCarrier = (handlers: CarrierHandlers) => Carrier;

/** How long to wait before the next of several attempts, in milliseconds. */
export function backOffMs(attempt: number): number {
  return Math.min(100 * 2 ** attempt, 5000);
}

/** Shown by the server's list of connections. */
export const connectionName = "robin-events";

/** A cable that was pulled says nothing, so a silent connection is tried. */
export interface Patience {
  checkEveryMs: number;
  answerWithinMs: number;
}

export const usualPatience: Patience = { checkEveryMs: 15_000, answerWithinMs: 5000 };

/** Resolves with why the connection does not answer any more; never, once the signal is aborted. */
export async function keepChecking(
  ask: () => Promise<unknown>,
  { everyMs, signal }: { everyMs: number; signal: AbortSignal },
): Promise<Error> {
  for (;;) {
    await delay(everyMs, undefined, { signal }).catch(() => new Promise(() => undefined));
    try {
      await ask();
    } catch (error) {
      return error as Error;
    }
  }
}
