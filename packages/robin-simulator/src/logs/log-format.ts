export interface LogLine {
  readonly level: "FATAL" | "ERROR" | "WARN" | "INFO" | "DEBUG" | "TRACE";
  readonly thread: string;
  readonly logger: string;
  readonly aCode?: string;
  readonly bCode?: string;
  readonly cCode?: string;
  readonly message: string;
}

/** Robin's pattern on a server in UTC. The message may have more lines, which have no prefix. */
export function formatLogLine(atMs: number, line: LogLine): string {
  const iso = new Date(atMs).toISOString();
  const stamp = `${iso.slice(5, 7)}${iso.slice(8, 10)}-${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}${iso.slice(20, 23)}`;
  const { level, thread, logger, aCode = "", bCode = "", cCode = "", message } = line;
  return [level.padEnd(5), stamp, thread, logger, aCode, bCode, cCode, message].join("|");
}

export const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10).replaceAll("-", "");
