import type { Feed, LiveMessage } from "@robin/api";

/** Where messages go. */
export interface Sink {
  /** Bytes that were given to it and have not left. */
  waitingBytes(): number;
  send(message: LiveMessage): void;
}

/** What may wait for a slow reader. It gets what it missed, or the whole picture, once it has read that. */
const waitingBytesMax = 1024 ** 2;

/** Brings a client up to date whenever there is something new and room for it. */
export class Pump {
  readonly #feed: Feed;
  readonly #sink: Sink;
  #after: string | undefined;
  #state: "idle" | "running" | "again" | "stopped" = "idle";

  constructor(feed: Feed, sink: Sink, after: string | undefined) {
    this.#feed = feed;
    this.#sink = sink;
    this.#after = after;
  }

  /** To be called when there may be something new, and when a slow reader has caught up. Never throws. */
  run(): void {
    if (this.#state === "idle") void this.#runOnce();
    else if (this.#state === "running") this.#state = "again";
  }

  stop(): void {
    this.#state = "stopped";
  }

  async #runOnce(): Promise<void> {
    this.#state = "running";
    try {
      const found = this.#feed.since(this.#after);
      // Without a wait where there is none to be: many clients are told in one go.
      const messages = Array.isArray(found) ? (found as readonly LiveMessage[]) : await found;
      this.#send(messages);
    } catch {
      // What cannot be had now is told of later.
    }
    const isMore = (this.#state as string) === "again";
    if (!this.#isStopped()) this.#state = "idle";
    if (isMore) this.run();
  }

  #send(messages: readonly LiveMessage[]): void {
    for (const message of messages) {
      if (this.#isStopped()) return;
      const waiting = this.#sink.waitingBytes();
      if (waiting > 0 && waiting + message.text.length > waitingBytesMax) return;
      this.#sink.send(message);
      this.#after = message.id;
    }
  }

  #isStopped(): boolean {
    return this.#state === "stopped";
  }
}
