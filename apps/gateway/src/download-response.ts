import type { Download } from "@robin/api";
import type { Request, Response } from "express";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** A reader that takes nothing for so long is given up, with the file that waits for it. */
const stalledMs = 60_000;

/**
 * Sends the bytes as they come. Rejects when they fail before the first one, so that the caller still gets an error
 * with a status; later the connection is broken, so that nobody takes a part for the whole.
 */
export async function sendDownload(req: Request, res: Response, download: Download): Promise<void> {
  const parts = download[Symbol.asyncIterator]();
  let part = await parts.next();
  res.attachment(download.head.fileName).setHeader("content-type", download.head.mediaType);
  res.setHeader("accept-ranges", "none");
  if (req.method === "HEAD") {
    await parts.return?.();
    res.end();
    return;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    for (; !part.done; part = await parts.next()) yield part.value;
  }
  res.setTimeout(stalledMs, () => res.destroy());
  // A few middlewares and the pipeline itself wait for its end; that is no leak.
  res.setMaxListeners(20);
  try {
    await pipeline(Readable.from(all(), { highWaterMark: 1 }), res);
  } catch (error) {
    res.destroy();
    // The caller has gone; nothing is wrong.
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  } finally {
    // Also when it was never begun, for a caller who left at once.
    await parts.return?.();
  }
}
