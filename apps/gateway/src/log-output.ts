import { fstatSync, writeSync } from "node:fs";
import type { DestinationStream } from "pino";

export interface LogOutput extends DestinationStream {
  /** Writes what waits, as far as the reader takes it now. Pino calls it after a fatal line. */
  flushSync(): void;
  /** Lines that were lost because nobody read those before them. */
  dropped: () => number;
}

interface LogOutputConfig {
  /** Standard output by default. */
  fd?: number;
  /** What may wait for a reader that stalls, in characters; later lines are dropped until it reads again. */
  waitingMax?: number;
}

/** A pipe takes up to 4096 bytes whole or not at all, so processes that share it do not tear each other's lines. */
const pieceSize = 4096;
const piecesAtOnce = 4;

/** How long a line waits for others. */
const patienceMs = 100;

/** How long the end of the process waits for a reader that has stalled. */
const lastPatienceMs = 1000;

/**
 * Collects lines into few writes, which cost more than the lines do. They are written when there are enough, after a
 * tenth of a second, and when the process ends; SIGKILL loses that tenth. Pino's own buffered destination measures its
 * whole buffer at each line, and writes from a second thread, which a stalled reader holds beyond the end.
 */
export function createLogOutput({ fd = 1, waitingMax = 4 * 1024 * 1024 }: LogOutputConfig = {}): LogOutput {
  /** Whole lines each. */
  const pieces: string[] = [];
  let waiting = 0;
  /** Of a piece longer than a pipe takes whole. */
  let rest: Buffer | undefined;
  let timer: NodeJS.Timeout | undefined;
  let retryMs = 0;
  let dropped = 0;
  let isClosed = false;
  if (fd === 1) neverWaitForReader();

  /** False when the reader takes no more for now. */
  function writePiece(piece: string): boolean {
    const bytes = rest ?? Buffer.from(piece);
    try {
      const written = writeSync(fd, bytes);
      rest = written < bytes.length ? bytes.subarray(written) : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") return false;
      // The reader is gone for good: without a log there is still a gateway.
      isClosed = true;
      rest = undefined;
    }
    if (rest) return true;
    pieces.shift();
    waiting -= piece.length;
    return true;
  }

  function flushSync(): void {
    clearTimeout(timer);
    timer = undefined;
    for (let piece = pieces[0]; piece !== undefined; piece = pieces[0]) {
      if (writePiece(piece)) continue;
      retryMs = Math.min(patienceMs, retryMs * 2 || 2);
      timer = setTimeout(flushSync, retryMs).unref();
      return;
    }
    retryMs = 0;
  }

  process.once("exit", () => {
    const until = performance.now() + lastPatienceMs;
    for (let piece = pieces[0]; piece !== undefined && performance.now() < until; piece = pieces[0]) {
      if (!writePiece(piece)) pause(10);
    }
  });

  return {
    write(line) {
      if (isClosed) return;
      if (waiting + line.length > waitingMax) {
        dropped += 1;
        return;
      }
      waiting += line.length;
      const last = pieces.at(-1);
      // A piece of which a part is written must stay as it is.
      const isTaken = rest !== undefined && pieces.length === 1;
      if (last === undefined || isTaken || last.length + line.length > pieceSize) pieces.push(line);
      else pieces[pieces.length - 1] = last + line;
      // While the reader stalls the timer asks it again, not each line.
      if (pieces.length > piecesAtOnce && retryMs === 0) flushSync();
      else timer ??= setTimeout(flushSync, patienceMs).unref();
    },
    flushSync,
    dropped: () => dropped,
  };
}

/** Node makes a pipe or socket one that says "not now" as soon as its stream is there; a file never makes us wait. */
function neverWaitForReader(): void {
  const stat = fstatSync(1);
  if (stat.isFIFO() || stat.isSocket()) process.stdout.setDefaultEncoding("utf8");
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
