/** What is said to all who watch a thing. It is written down once, however many they are. */
export class LiveMessage<Data extends object = object> {
  /** Who has seen this one, has seen all before it; by it a watcher who comes back is told what it missed. */
  readonly id: string;
  readonly event: string;
  readonly data: Data;
  #text: Buffer | undefined;
  #frame: Buffer | undefined;
  #event: Buffer | undefined;

  constructor(id: string, event: string, data: Data) {
    this.id = id;
    this.event = event;
    this.data = data;
  }

  /** The data as JSON. */
  get text(): Buffer {
    return (this.#text ??= Buffer.from(JSON.stringify(this.data)));
  }

  /** The text as a WebSocket's frame, as servers send it: without a mask, so it is the same for all. */
  get frame(): Buffer {
    return (this.#frame ??= Buffer.concat([frameHead(this.text.length), this.text]));
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

/** Of a text that is whole. */
function frameHead(bytes: number): Buffer {
  const textFrame = 0x81;
  if (bytes < 126) return Buffer.from([textFrame, bytes]);
  const head = Buffer.alloc(bytes < 65_536 ? 4 : 10);
  head[0] = textFrame;
  if (bytes < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(bytes, 2);
  } else {
    head[1] = 127;
    head.writeUInt32BE(bytes, 6);
  }
  return head;
}
