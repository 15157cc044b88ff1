import type { SimulatorClock } from "../clock.ts";
import { dayOf, formatLogLine } from "./log-format.ts";
import type { LogLine } from "./log-format.ts";
import { trafficOf } from "./mail-traffic.ts";

export type LogAppender = "rolling" | "none" | "undated";

export interface SimulatedLogs {
  /** Writes a line at the clock's time, as Robin would. */
  append(line: LogLine): void;
  /** Writes a byte that is no UTF-8: Robin's search gives nothing of that day from here on, and a little before. */
  appendInvalidByte(): void;
  /** `none` and `undated` are logging configurations with which Robin cannot search; default `rolling`. */
  setAppender(appender: LogAppender): void;
}

/** What the handler sees. */
export interface ServerLog extends SimulatedLogs {
  appender(): LogAppender;
  /** Lines of a day, today being 0 and yesterday 1, that contain the text. Undefined when there is no file. */
  search(daysBack: 0 | 1, text: string): readonly string[] | undefined;
  fileName(daysBack: 0 | 1): string;
}

export interface LogsOptions {
  /** Whether Robin has been writing about mail since the beginning of yesterday; default true. */
  readonly traffic?: boolean | undefined;
}

interface StoredLine {
  readonly atMs: number;
  readonly text: string;
  readonly isInvalid?: boolean;
}

const [dayMs, minuteMs] = [86_400_000, 60_000];
/** Java reads and decodes this much at once; what was read with a bad byte is lost. */
const readerBytes = 8192;

export function createServerLog(options: { clock: SimulatorClock; seed: number } & LogsOptions): ServerLog {
  const { clock, seed, traffic = true } = options;
  const days = new Map<string, StoredLine[]>();
  let appender: LogAppender = "rolling";
  const nowMs = (): number => clock.now().getTime();
  let writtenUntilMs = traffic ? startOfDay(nowMs()) - dayMs : nowMs();

  function store(line: StoredLine): void {
    const day = dayOf(line.atMs);
    const lines = days.get(day);
    if (lines) lines.push(line);
    else days.set(day, [line]);
  }

  /** Lets the past happen that the clock has passed since the last look, but no more of it than two days. */
  function catchUp(): void {
    const now = nowMs();
    const oldest = startOfDay(now) - dayMs;
    const fromMs = Math.max(writtenUntilMs, oldest);
    if (traffic && now > fromMs) {
      for (let minute = Math.floor(fromMs / minuteMs) - 1; minute * minuteMs <= now; minute += 1) {
        for (const { atMs, line } of trafficOf(seed, minute)) {
          if (atMs <= fromMs || atMs > now) continue;
          for (const text of formatLogLine(atMs, line).split("\n")) store({ atMs, text });
        }
      }
    }
    writtenUntilMs = Math.max(writtenUntilMs, now);
    for (const day of days.keys()) if (day < dayOf(oldest)) days.delete(day);
  }

  const dayBack = (daysBack: number): string => dayOf(nowMs() - daysBack * dayMs);

  return {
    append: (line) => {
      catchUp();
      const atMs = nowMs();
      for (const text of formatLogLine(atMs, line).split(/\r\n|[\r\n]/)) store({ atMs, text });
    },
    appendInvalidByte: () => {
      catchUp();
      store({ atMs: nowMs(), text: "", isInvalid: true });
    },
    setAppender: (value) => {
      appender = value;
    },
    appender: () => appender,
    fileName: (daysBack) => `/var/log/robin/${dayBack(daysBack)}.log`,
    search: (daysBack, text) => {
      catchUp();
      const lines = days.get(dayBack(daysBack));
      return lines && readableLines(lines).flatMap((line) => (line.text.includes(text) ? [line.text] : []));
    },
  };
}

function readableLines(lines: readonly StoredLine[]): readonly StoredLine[] {
  const bad = lines.findIndex(({ isInvalid }) => isInvalid === true);
  if (bad < 0) return lines;
  const ends: number[] = [];
  let bytes = 0;
  for (const { text } of lines.slice(0, bad)) ends.push((bytes += Buffer.byteLength(text) + 1));
  const lostFrom = Math.floor(bytes / readerBytes) * readerBytes;
  return lines.slice(0, ends.filter((end) => end <= lostFrom).length);
}

const startOfDay = (ms: number): number => Math.floor(ms / dayMs) * dayMs;
