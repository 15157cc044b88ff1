import { isLogSearchEcho, type LogEntry as RobinLogEntry } from "@robin/sdk";
import type { LogEntry, LogFilterInput, LogLevel } from "./logs.schemas.ts";

type RobinLevel = RobinLogEntry["level"];

/** The worst first. */
const levels = ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"] as const satisfies readonly RobinLevel[];

/** Finds every entry and nearly every line of a stack trace: loggers and classes have a dot in their names. */
export const termForAll = ".";

export interface SearchTerm {
  text: string;
  /** What the other terms find too, has another level. */
  level?: RobinLevel;
}

/**
 * What to search for at Robin, which takes one text and reads two days of log for it: the most selective text first.
 * ERROR and FATAL, one level here, take a search each; where `termsMax` does not allow that, and for `levelMin`,
 * everything is read, and stack traces come along with their entries.
 */
export function searchTerms({ search, logger, level }: LogFilterInput, termsMax: number): SearchTerm[] {
  if (search !== undefined) return [{ text: search }];
  const ofLevel = level === undefined ? [] : levels.filter((robinLevel) => toLevel(robinLevel) === level);
  if (ofLevel.length > 0 && ofLevel.length <= termsMax) {
    return ofLevel.map((robinLevel) => ({ text: `${robinLevel.padEnd(5)}|`, level: robinLevel }));
  }
  return [{ text: logger === undefined ? termForAll : `|${logger}` }];
}

export interface LogFilter {
  /** Robin's own lines about searches are never wanted. */
  isWanted(entry: RobinLogEntry): boolean;
  /** Whether lines may be wanted of which nothing is known but that Robin found them. */
  isOpen: boolean;
}

export function createLogFilter(input: LogFilterInput): LogFilter {
  const { logger, startTime, endTime } = input;
  const wanted = new Set<RobinLevel>(wantedLevels(input));
  return {
    isOpen: wanted.size === levels.length && logger === undefined && !startTime && !endTime,
    isWanted: (entry) =>
      wanted.has(entry.level) &&
      (logger === undefined || entry.logger === logger || entry.logger.startsWith(`${logger}.`)) &&
      (!startTime || entry.at >= startTime) &&
      (!endTime || entry.at < endTime) &&
      !isLogSearchEcho(entry),
  };
}

function wantedLevels({ level, levelMin }: Pick<LogFilterInput, "level" | "levelMin">): RobinLevel[] {
  const worst = levelMin ? levels.slice(0, levels.indexOf(levelMin) + 1) : levels;
  return worst.filter((robinLevel) => level === undefined || toLevel(robinLevel) === level);
}

function toLevel(level: RobinLevel): LogLevel {
  return level === "FATAL" ? "ERROR" : level;
}

export function toLogEntry({ at, level, logger, thread, aCode, bCode, cCode, message }: RobinLogEntry): LogEntry {
  const firstEnd = message.indexOf("\n");
  const context = {
    ...(aCode !== undefined && { aCode }),
    ...(bCode !== undefined && { bCode }),
    ...(cCode !== undefined && { cCode }),
    ...(level === "FATAL" && { level }),
  };
  return {
    timestamp: at,
    level: toLevel(level),
    logger,
    message: firstEnd < 0 ? message : message.slice(0, firstEnd),
    ...(thread !== "" && { thread }),
    ...(firstEnd >= 0 && { stackTrace: message.slice(firstEnd + 1) }),
    ...(Object.keys(context).length > 0 && { context }),
  };
}
