import type { LogEntry, LogFragment, LogLevel } from "./logs.schemas.ts";
import { createZonedClock } from "./logs.time.ts";

export interface LogParserOptions {
  /** Robin's zone, as an IANA name or an offset such as `+02:00`: its log has none. Throws RangeError for an unknown one. */
  timeZone: string;
  /** The moment of the search: its log has no year, so each line gets the year that puts it nearest to this. */
  now: Date;
}

export interface LogParser {
  /** Takes the next line; gives what came before it when the line begins something new. */
  push(line: string): LogEntry | LogFragment | undefined;
  /** What is left after the last line. */
  end(): LogEntry | LogFragment | undefined;
}

/** Robin's `%-5p|%d{MMdd-HHmmssSSS}|%t|%c{2}|%X{aCode}|%X{bCode}|%X{cCode}|%m`; the message may contain bars. */
const linePattern =
  /^(FATAL|ERROR|WARN |INFO |DEBUG|TRACE)\|(\d{4}-\d{9})\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|(.*)$/s;

const messageCharsMax = 64 * 1024;

/**
 * Reads the lines of a log, or of a search, in their order: gives the entry that a line begins, undefined for one that
 * continues an entry. Throws RangeError for an unknown zone.
 */
export function createLogLineReader({ timeZone, now }: LogParserOptions): (line: string) => LogEntry | undefined {
  const toInstant = createZonedClock(timeZone, now);
  return (line) => parseEntry(line, toInstant);
}

/**
 * Makes entries of lines. A line that is no entry continues the one before: in a search's answer that may be another
 * entry than the one it belonged to, for Robin leaves out what does not match.
 */
export function createLogParser({ timeZone, now }: LogParserOptions): LogParser {
  const readLine = createLogLineReader({ timeZone, now });
  let current: LogEntry | LogFragment | undefined;

  return {
    push(line) {
      const entry = readLine(line);
      if (entry === undefined && current !== undefined) {
        const room = messageCharsMax - current.message.length;
        if (room > 0) current.message += `\n${line}`.slice(0, room);
        return undefined;
      }
      const finished = current;
      current = entry ?? { kind: "fragment", message: line.slice(0, messageCharsMax) };
      return finished;
    },
    end() {
      const finished = current;
      current = undefined;
      return finished;
    },
  };
}

/** Entries of lines as they come, such as those of a search. Throws RangeError for an unknown zone, and what `lines` throws. */
export async function* parseLogEntries(
  lines: AsyncIterable<string> | Iterable<string>,
  options: LogParserOptions,
): AsyncGenerator<LogEntry | LogFragment> {
  const parser = createLogParser(options);
  for await (const line of lines) {
    const finished = parser.push(line);
    if (finished) yield finished;
  }
  const last = parser.end();
  if (last) yield last;
}

/**
 * True for Robin's own lines about log searches: every answer holds those of the search itself and of earlier ones.
 * Some of them do not name what they are about, so a few lines about other calls are taken for them.
 */
export function isLogSearchEcho(entry: LogEntry): boolean {
  if (entry.logger === "endpoints.LogsHandler") return true;
  if (entry.logger === "endpoints.ApiEndpoint") return /^GET \/logs\b/.test(entry.message);
  if (entry.logger === "endpoints.HttpEndpoint") return entry.message.startsWith("Sent text response: status=200,");
  return (
    entry.logger === "endpoints.ApiEndpointUtils" && /^(Parsed query params: \{|No query string)/.test(entry.message)
  );
}

function parseEntry(line: string, toInstant: (stamp: string) => Date | undefined): LogEntry | undefined {
  const match = linePattern.exec(line);
  if (!match) return undefined;
  const [, level = "", stamp = "", thread = "", logger = "", aCode = "", bCode = "", cCode = "", message = ""] = match;
  const at = toInstant(stamp);
  if (at === undefined) return undefined;
  return {
    kind: "entry",
    // The pattern knows no others.
    level: level.trimEnd() as LogLevel,
    at,
    thread,
    logger,
    ...(aCode === "" ? {} : { aCode }),
    ...(bCode === "" ? {} : { bCode }),
    ...(cCode === "" ? {} : { cCode }),
    message: message.slice(0, messageCharsMax),
  };
}
