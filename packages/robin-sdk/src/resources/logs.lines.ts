import { isUtf8 } from "node:buffer";
import type { LogSearchOutcome } from "./logs.schemas.ts";

const newline = 0x0a;
/** Robin's longest lines are stack traces' heads and SMTP commands; this is far beyond. */
const lineBytesMax = 256 * 1024;

export interface LineSplitter {
  /** The lines that are complete now. Once `isFull`, there are no more. */
  push(chunk: Uint8Array): Generator<string>;
  /** The last line, when it has no end. */
  end(): Generator<string>;
  isFull(): boolean;
  counts(): Pick<LogSearchOutcome, "bytes" | "lines" | "invalidLines" | "cutLines">;
}

/** Cuts bytes into lines, never holding more than one chunk and one line. `bytesMax` bounds what it gives out. */
export function createLineSplitter(bytesMax: number): LineSplitter {
  const counts = { bytes: 0, lines: 0, invalidLines: 0, cutLines: 0 };
  let pending: Uint8Array[] = [];
  let keptBytes = 0;
  let lineBytes = 0;
  let isFull = false;

  function keep(part: Uint8Array): void {
    lineBytes += part.byteLength;
    const kept = part.subarray(0, lineBytesMax - keptBytes);
    if (kept.byteLength === 0) return;
    pending.push(kept);
    keptBytes += kept.byteLength;
  }

  function* take(endBytes: number): Generator<string> {
    const bytes = lineBytes + endBytes;
    if (counts.bytes + bytes > bytesMax) {
      isFull = true;
      pending = [];
      return;
    }
    const [first] = pending;
    const line = pending.length === 1 && first ? bufferOf(first) : Buffer.concat(pending, keptBytes);
    counts.bytes += bytes;
    counts.lines += 1;
    if (lineBytes > keptBytes) counts.cutLines += 1;
    else if (!isUtf8(line)) counts.invalidLines += 1;
    pending = [];
    keptBytes = 0;
    lineBytes = 0;
    const text = line.toString("utf8");
    yield text.endsWith("\r") ? text.slice(0, -1) : text;
  }

  return {
    *push(chunk) {
      let start = 0;
      while (!isFull) {
        const end = chunk.indexOf(newline, start);
        if (end < 0) break;
        keep(chunk.subarray(start, end));
        start = end + 1;
        yield* take(1);
      }
      if (isFull) return;
      // Copied: a view would keep its whole chunk until the line has its end.
      keep(Uint8Array.from(chunk.subarray(start)));
      // No need to wait for the end of a line that does not fit.
      isFull = counts.bytes + lineBytes > bytesMax;
    },
    *end() {
      if (lineBytes > 0 && !isFull) yield* take(0);
    },
    isFull: () => isFull,
    counts: () => ({ ...counts }),
  };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
