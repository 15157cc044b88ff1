/** What is said to all who watch a thing. It is written down once, however many they are. */
export class LiveMessage<Data extends object = object> {
  /** Who has seen this one, has seen all before it; by it a watcher who comes back is told what it missed. */
  readonly id: string;
  readonly event: string;
  readonly data: Data;
  #text: Buffer | undefined;
  #event: Buffer | undefined;

  constructor(id: string, event: string, data: Data) {
    this.id = id;
    this.event = event;
    this.data = data;
  }

  /** The data as JSON, for a WebSocket. */
  get text(): Buffer {
    return (this.#text ??= Buffer.from(JSON.stringify(this.data)));
  }

  /** As a server-sent event. JSON has no line breaks, so it is one line. */
  get serverSentEvent(): Buffer {
    return (this.#event ??= Buffer.concat([
      Buffer.from(`id: ${this.id}\nevent: ${this.event}\ndata: `),
      this.text,
      Buffer.from("\n\n"),
    ]));
  }
}
