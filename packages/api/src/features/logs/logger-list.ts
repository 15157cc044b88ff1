import { type CallOptions, createLogLineReader, isLogSearchEcho } from "@robin/sdk";
import type { Clock } from "../../context.ts";
import { createShared } from "../../shared.ts";
import { termForAll } from "./log-filter.ts";
import type { LogReader } from "./log-reader.ts";

/** Names of loggers come and go with Robin's versions; finding them costs Robin a reading of two days of log. */
const freshMs = 60_000;
const namesMax = 1000;
const bytesMax = 1024 ** 3;

export interface LoggerList {
  /**
   * At most a minute old; any number of callers cause one search, in the time of the first of them, who may leave
   * without ending it. Rejects as `LogReader.read`.
   */
  names(options: Pick<CallOptions, "timeoutMs">): Promise<string[]>;
}

export function createLoggerList(reader: LogReader, clock: Clock): LoggerList {
  const shared = createShared<string[]>({ clock, freshMs });

  async function read(timeoutMs: number | undefined): Promise<string[]> {
    const names = new Set<string>();
    const readLine = createLogLineReader({ timeZone: reader.timeZone, now: clock.now() });
    await reader.read({ term: termForAll, bytesMax, options: { timeoutMs } }, (line) => {
      const entry = readLine(line);
      if (entry && names.size < namesMax && !isLogSearchEcho(entry)) names.add(entry.logger);
      return undefined;
    });
    return [...names].sort();
  }

  return { names: ({ timeoutMs }) => shared("names", () => read(timeoutMs)) };
}
