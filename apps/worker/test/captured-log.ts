import { EventEmitter, on } from "node:events";
import { Writable } from "node:stream";
import { type Logger, pino } from "pino";

export interface LogLine {
  level: number;
  msg: string;
  job?: string;
  jobId?: string;
  service?: string;
  err?: { message: string };
}

export interface CapturedLog {
  logger: Logger;
  lines: LogLine[];
  /** Resolves with the first line, past or to come, that fits. */
  waitFor(fits: (line: LogLine) => boolean): Promise<LogLine>;
}

export function captureLog(): CapturedLog {
  const lines: LogLine[] = [];
  const written = new EventEmitter();
  written.setMaxListeners(0);
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      const line = JSON.parse(chunk.toString()) as LogLine;
      lines.push(line);
      written.emit("line", line);
      done();
    },
  });
  return {
    logger: pino({ level: "debug" }, sink),
    lines,
    waitFor: async (fits) => {
      const coming = on(written, "line") as AsyncIterableIterator<[LogLine]>;
      const past = lines.find(fits);
      if (past) return past;
      for await (const [line] of coming) if (fits(line)) return line;
      throw new Error("The log ended.");
    },
  };
}
