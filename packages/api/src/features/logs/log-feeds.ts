import {
  createLogLineReader,
  createLogParser,
  isLogSearchEcho,
  type LogEntry as RobinLogEntry,
  type LogFragment,
  logReach,
} from "@robin/sdk";
import type { Clock } from "../../context.ts";
import type { LogFileFormat } from "./log-file-formats.ts";
import { type LogFilter, toLogEntry } from "./log-filter.ts";
import type { Spool } from "./spool.ts";

export interface LogDays {
  yesterday: Spool;
  today: Spool;
}

/** Takes Robin's lines to where they belong in the file. */
export interface LogFeed {
  push(line: string): Promise<void> | undefined;
  end(): Promise<void> | undefined;
  /** Lines were left out because nobody knows the entry that they continue. */
  hasStrays(): boolean;
}

interface FeedParts {
  filter: LogFilter;
  days: LogDays;
  format: LogFileFormat;
  timeZone: string;
  clock: Clock;
}

export function createLogFeed(parts: FeedParts): LogFeed {
  const { encode } = parts.format;
  return encode ? entryFeed(parts, (entry) => encode(toLogEntry(entry))) : lineFeed(parts);
}

function entryFeed(parts: FeedParts, encode: (entry: RobinLogEntry) => string): LogFeed {
  const { filter, format, timeZone, clock } = parts;
  const parser = createLogParser({ timeZone, now: clock.now() });
  const dayOf = createDayOf(parts);
  let hasStrays = false;

  function take(item: RobinLogEntry | LogFragment | undefined): Promise<void> | undefined {
    if (!item) return undefined;
    hasStrays ||= isStray(item);
    if (item.kind === "fragment" || !filter.isWanted(item)) return undefined;
    const day = dayOf(item);
    return day.write(`${day.isEmpty() ? "" : format.separator}${encode(item)}`);
  }
  return { push: (line) => take(parser.push(line)), end: () => take(parser.end()), hasStrays: () => hasStrays };
}

/** Lines as they are, also the longest. */
function lineFeed(parts: FeedParts): LogFeed {
  const { filter, days, timeZone, clock } = parts;
  const readLine = createLogLineReader({ timeZone, now: clock.now() });
  const dayOf = createDayOf(parts);
  let day = days.today;
  let isKept = filter.isOpen;
  let hasEntry = false;
  let hasStrays = false;
  return {
    push(line) {
      const entry = readLine(line);
      if (entry) {
        day = dayOf(entry);
        hasEntry = !isLogSearchEcho(entry);
        isKept = filter.isWanted(entry);
      } else if (!hasEntry) {
        isKept = filter.isOpen;
        hasStrays ||= !isKept;
      }
      return isKept ? day.write(`${line}\n`) : undefined;
    },
    end: () => undefined,
    hasStrays: () => hasStrays,
  };
}

/** Of today when Robin began to answer, which may be long after the question. */
function createDayOf({ days, timeZone, clock }: FeedParts): (entry: RobinLogEntry) => Spool {
  let today: Date | undefined;
  return ({ at }) => (at < (today ??= logReach(timeZone, clock.now()).today) ? days.yesterday : days.today);
}

/** Lines without the entry that they continue: at the beginning, and after what Robin wrote last, which is about the search. */
export function isStray(item: RobinLogEntry | LogFragment): boolean {
  return item.kind === "fragment" || (isLogSearchEcho(item) && item.message.includes("\n"));
}
