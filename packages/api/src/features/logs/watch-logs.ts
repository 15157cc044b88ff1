import type { SignedInContext } from "../../context.ts";
import { LiveStream } from "../../live/live-stream.ts";
import type { LogEntry, LogLevel } from "./logs.schemas.ts";
import type { LogMessage, WatchLogsInput } from "./watch-logs.schemas.ts";

/** The worst first. */
const levels: readonly LogLevel[] = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

/** Begins with the entries that come from now on. @throws AppError as `LiveClients.admit`. */
export function watchLogs(ctx: SignedInContext, input: WatchLogsInput): LiveStream<LogMessage> {
  const feed = ctx.deps.live.logs.feed(filterOf(input ?? {}));
  return new LiveStream(ctx, { feed, after: input?.lastEventId, permission: "VIEW_LOGS" });
}

function filterOf({ search, level, levelMin, logger }: NonNullable<WatchLogsInput>): (entry: LogEntry) => boolean {
  const worst = levelMin ? levels.slice(0, levels.indexOf(levelMin) + 1) : levels;
  return (entry) =>
    worst.includes(entry.level) &&
    (level === undefined || entry.level === level) &&
    (logger === undefined || entry.logger === logger || entry.logger.startsWith(`${logger}.`)) &&
    (search === undefined || entry.message.includes(search));
}
