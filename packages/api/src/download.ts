import { randomUUID } from "node:crypto";
import { open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CallOptions } from "@robin/sdk";
import { z } from "zod";
import { type Context, tracedBy } from "./context.ts";
import { AppError } from "./errors.ts";

export interface DownloadHead {
  /** Offered to the browser. */
  fileName: string;
  /** As in `content-type`, such as `text/csv; charset=utf-8`. */
  mediaType: string;
}

/**
 * What a raw mail or an export is answered with: bytes as they come, never the whole in memory. REST sends them as the
 * body under the head's type and name; tRPC streams them to clients that use `httpBatchStreamLink`.
 */
export class Download implements AsyncIterable<Uint8Array> {
  readonly head: DownloadHead;
  readonly #body: ReadableStream<Uint8Array>;

  constructor(head: DownloadHead, body: ReadableStream<Uint8Array>) {
    this.head = head;
    this.#body = body;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    const parts = this.#body.values();
    return {
      async next() {
        const { done, value } = await parts.next();
        // superjson would write a Buffer in a way that it cannot read.
        if (!done) return { value: new Uint8Array(value.buffer, value.byteOffset, value.length) };
        return { done: true, value: undefined };
      },
      async return() {
        await parts.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  /** Instead of reading it. */
  cancel(): Promise<void> {
    return this.#body.cancel();
  }
}

/** The output of a procedure that declares `meta.download`. */
export const DownloadOutput = z
  .custom<AsyncIterable<Uint8Array>>((value) => value instanceof Download)
  .meta({ override: { type: "string", format: "binary" } });

/** For what may be large. Robin is read at its own speed, so this is its time alone and not the reader's. */
const downloadTimeoutMs = 60_000;

/** For calls whose answer becomes a download: ends when the caller has gone. */
export function downloadOptions({ signal, trace }: Context): CallOptions {
  return { signal, timeoutMs: downloadTimeoutMs, ...tracedBy(trace) };
}

const readBytes = 64 * 1024;

/** On disk, written and not yet read, of all downloads of this process. A new one is refused beyond it. */
const waitingBytesMax = 2 * 1024 ** 3;
let waitingBytes = 0;

/**
 * The same bytes, taken from the source as fast as it gives them: Robin serves nobody else while it sends, so a slow
 * reader is kept waiting on a temporary file instead. What is not read yet is on disk and not in memory.
 * @throws AppError `rate_limited` while too much waits for slow readers.
 */
export async function throughDisk(
  source: ReadableStream<Uint8Array>,
  limitBytes = waitingBytesMax,
): Promise<ReadableStream<Uint8Array>> {
  if (waitingBytes > limitBytes) {
    await source.cancel();
    const message = "Too much waits to be downloaded by others. Try again in a moment.";
    throw new AppError("rate_limited", message, { retryAfterSeconds: 10 });
  }
  const path = join(tmpdir(), `robin-gateway-${randomUUID()}`);
  const file = await open(path, "wx+", 0o600).catch(async (error: unknown) => {
    await source.cancel();
    throw error;
  });
  // From here on it has no name, and is gone with its last reader or with the process.
  await unlink(path);

  const reader = source.getReader();
  let bytesWritten = 0;
  let end: { error?: unknown } | undefined;
  let wake = (): void => undefined;

  const fill = async (): Promise<void> => {
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        await file.writeFile(part.value);
        bytesWritten += part.value.length;
        waitingBytes += part.value.length;
        wake();
      }
      end = {};
    } catch (error) {
      await reader.cancel(error).catch(() => undefined);
      end = { error };
    }
    wake();
  };
  const filled = fill();

  let bytesRead = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        while (bytesRead === bytesWritten) {
          if (end) {
            await file.close();
            if ("error" in end) controller.error(end.error);
            else controller.close();
            return;
          }
          await new Promise<void>((resolve) => (wake = resolve));
        }
        const part = new Uint8Array(Math.min(readBytes, bytesWritten - bytesRead));
        const { bytesRead: read } = await file.read(part, 0, part.length, bytesRead);
        bytesRead += read;
        waitingBytes -= read;
        controller.enqueue(part.subarray(0, read));
      },
      async cancel() {
        await reader.cancel();
        await filled;
        waitingBytes -= bytesWritten - bytesRead;
        await file.close();
      },
    },
    { highWaterMark: 0 },
  );
}
