import { throughDisk } from "../../download.ts";

/** Text that waits on disk until it is read. */
export interface Spool {
  /** Gives a promise now and then, to be awaited: the disk is slower than memory. */
  write(text: string): Promise<void> | undefined;
  isEmpty(): boolean;
  /** Everything that was written; nothing more can be. */
  end(): Promise<ReadableStream<Uint8Array>>;
  /** Instead of reading it. */
  discard(): Promise<void>;
}

const flushChars = 64 * 1024;

export async function createSpool(): Promise<Spool> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const stored = await throughDisk(readable);
  const writer = writable.getWriter();
  let pending = "";
  let isEmpty = true;

  function flush(): Promise<void> {
    const bytes = Buffer.from(pending);
    pending = "";
    return writer.write(bytes);
  }

  return {
    write(text) {
      isEmpty = false;
      pending += text;
      return pending.length < flushChars ? undefined : flush();
    },
    isEmpty: () => isEmpty,
    async end() {
      if (pending !== "") await flush();
      await writer.close();
      return stored;
    },
    async discard() {
      await writer.close().catch(() => undefined);
      await stored.cancel();
    },
  };
}

/** One after the other. Cancelling it cancels all of them. */
export function inTurn(parts: readonly (Uint8Array | ReadableStream<Uint8Array>)[]): ReadableStream<Uint8Array> {
  const readers = parts.map((part) => (part instanceof Uint8Array ? ReadableStream.from([part]) : part).getReader());
  const cancel = async (): Promise<void> => {
    await Promise.allSettled(readers.map((reader) => reader.cancel()));
  };
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          for (let reader = readers[0]; reader; reader = readers[0]) {
            const { done, value } = await reader.read();
            if (!done && value.length > 0) {
              controller.enqueue(value);
              return;
            }
            if (done) readers.shift();
          }
          controller.close();
        } catch (error) {
          await cancel();
          throw error;
        }
      },
      cancel,
    },
    { highWaterMark: 0 },
  );
}
