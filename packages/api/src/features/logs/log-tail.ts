import { createLogLineReader, isLogSearchEcho } from "@robin/sdk";
import type { Clock, Logger } from "../../context.ts";
import { createWatchers, type Feed } from "../../live/feed.ts";
import { LiveMessage } from "../../live/live-message.ts";
import { createLogPage } from "./log-page.ts";
import type { LogReader } from "./log-reader.ts";
import { minuteStamps } from "./minute-stamps.ts";
import type { LogEntry } from "./logs.schemas.ts";
import type { LogMessage } from "./watch-logs.schemas.ts";

export interface LogTailConfig {
  /** How often Robin's log is read at most. */
  everyMs?: number;
  /** A reading keeps Robin's only thread for as long as it takes, so this many times as long there is none. */
  restFactor?: number;
}

/** The end of Robin's log, read once for all who watch in this process. */
export interface LogTail {
  /** What this filter leaves of it. */
  feed(isWanted: (entry: LogEntry) => boolean): Feed<LogMessage>;
}

const entriesMax = 2000;
const bytesMax = 16 * 1024 ** 2;
const timeoutMs = 5000;
/** Threads write their lines a little out of order, and Robin's clock may be behind ours. */
const lateMs = 10_000;
const minutesMax = 3;

export function createLogTail(
  { everyMs = 3000, restFactor = 9 }: LogTailConfig,
  { logs, clock, logger }: { logs: LogReader; clock: Clock; logger: Logger },
): LogTail {
  /** In the order in which they were found. */
  let tail: (LogEntry & { id: string })[] = [];
  let readUpTo: Date | undefined;
  /** Entries were left out before this one. */
  let gapBefore: string | undefined;
  let reading: Promise<void> | undefined;
  let hasFailed = false;
  /** False while nobody watches: then what was read last may be old. */
  let isCurrent = false;
  let timer: NodeJS.Timeout | undefined;

  const watchers = createWatchers({
    onFirst: () => {
      void read();
    },
    onLast: () => {
      isCurrent = false;
      clearTimeout(timer);
    },
  });

  /** Never rejects. Those who ask meanwhile wait for the same reading. */
  function read(): Promise<void> {
    reading ??= readAll().finally(() => (reading = undefined));
    return reading;
  }

  async function readAll(): Promise<void> {
    clearTimeout(timer);
    const startedAt = performance.now();
    try {
      const found = await readMinutes();
      isCurrent = watchers.size > 0;
      const isNews = found || hasFailed;
      hasFailed = false;
      if (isNews) watchers.tellAll();
    } catch (err) {
      if (!hasFailed) logger.warn({ err }, "Robin's log cannot be read for those who watch it");
      hasFailed = true;
    }
    const tookMs = performance.now() - startedAt;
    if (watchers.size > 0) timer = setTimeout(() => void read(), Math.max(everyMs, restFactor * tookMs)).unref();
  }

  /** Robin finds lines by a text they contain: here by their minute, so that it has little to send. */
  async function readMinutes(): Promise<boolean> {
    const now = clock.now();
    const from = new Date((readUpTo ?? now).getTime() - lateMs);
    const stamps = minuteStamps({ from, to: now, timeZone: logs.timeZone });
    const page = createLogPage({ offset: 0, limit: entriesMax, order: "desc" });
    let isCut = stamps.length > minutesMax;
    for (const stamp of stamps.slice(-minutesMax)) {
      const toEntry = createLogLineReader({ timeZone: logs.timeZone, now });
      const outcome = await logs.read({ term: `|${stamp}`, bytesMax, options: { timeoutMs } }, (line) => {
        const entry = toEntry(line);
        if (entry && !isLogSearchEcho(entry)) page.add(entry);
        return undefined;
      });
      isCut ||= outcome.truncated;
    }
    const { entries, total } = page.result();
    const known = new Set(tail.map(({ id }) => id));
    const fresh = entries.reverse().filter((entry): entry is LogEntry & { id: string } => !known.has(entry.id ?? ""));
    if (isCut || (readUpTo && total > entriesMax)) gapBefore = fresh[0]?.id;
    tail = [...tail, ...fresh].slice(-entriesMax);
    readUpTo = now;
    return fresh.length > 0;
  }

  const idAt = (entry: LogEntry): string => `${entry.timestamp.getTime()}-${entry.id ?? ""}`;

  /** What was found after the entry with this id; of one that is no longer kept the time counts. */
  function foundAfter(after: string): { entries: typeof tail; incomplete: boolean } {
    const at = tail.findLastIndex((entry) => idAt(entry) === after);
    const time = Number(after.split("-", 1)[0]);
    const entries = at >= 0 ? tail.slice(at + 1) : tail.filter(({ timestamp }) => timestamp.getTime() > time);
    const isTooOld = at < 0 && (tail[0]?.timestamp.getTime() ?? 0) > time;
    return { entries, incomplete: isTooOld || entries.some(({ id }) => id === gapBefore) };
  }

  return {
    feed(isWanted) {
      /** Where a newcomer begins: with what comes from now on. */
      const begin = (): LiveMessage<LogMessage>[] => {
        const last = tail.at(-1);
        const id = last ? idAt(last) : `${clock.now().getTime()}-`;
        return [new LiveMessage(id, "entries", { entries: [], incomplete: false })];
      };
      return {
        async since(after) {
          if (!isCurrent) await read();
          if (hasFailed) throw new Error("Robin's log cannot be read now");
          if (after === undefined) return begin();
          const { entries, incomplete } = foundAfter(after);
          const wanted = entries.filter(isWanted);
          const last = wanted.at(-1);
          return last ? [new LiveMessage(idAt(last), "entries", { entries: wanted, incomplete })] : [];
        },
        watch: (listener) => watchers.add(listener),
      };
    },
  };
}
