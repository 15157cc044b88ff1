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
  #state: "idle" | "waiting" | "again" | "stopped" = "idle";

  constructor(feed: Feed, sink: Sink, after: string | undefined) {
    this.#feed = feed;
    this.#sink = sink;
    this.#after = after;
  }

  /** To be called when there may be something new, and when a slow reader has caught up. Never throws. */
  run(): void {
    if (this.#state === "waiting") this.#state = "again";
    if (this.#state !== "idle") return;
    const found = this.#feed.since(this.#after);
    // Without a wait where there is none to be: many clients are told in one go.
    if ("then" in found) void this.#sendLater(found);
    else this.#send(found);
  }

  stop(): void {
    this.#state = "stopped";
  }

  async #sendLater(found: Promise<readonly LiveMessage[]>): Promise<void> {
    this.#state = "waiting";
    // What cannot be had now is told of later.
    const messages = await found.catch(() => []);
    this.#send(messages);
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
