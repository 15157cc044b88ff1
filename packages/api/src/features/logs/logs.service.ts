import { createLogParser, type LogEntry as RobinLogEntry, type LogFragment } from "@robin/sdk";
import { type Context, readOptions } from "../../context.ts";
import { isStray } from "./log-feeds.ts";
import { createLogFilter, searchTerms } from "./log-filter.ts";
import { createLogPage } from "./log-page.ts";
import { outcomeReasons, reachReasons, straysReason } from "./log-reasons.ts";
import type { SearchLogsInput, SearchLogsOutput } from "./logs.schemas.ts";

/** Only a bound: what is not on the page is read and forgotten, and the deadline comes first. */
const bytesMax = 1024 ** 3;

/** ERROR with FATAL: two readings of the log, but hardly anything to send. */
const termsMax = 2;

const tooLargeReason =
  "The entries before this page are so large that some of its own were dropped. Use a smaller offset.";

/**
 * One page of Robin's log by time. Robin searches for one text and gives all lines with it; level, logger and times are
 * looked at as the lines come in.
 */
export async function searchLogs(ctx: Context, input: SearchLogsInput): Promise<SearchLogsOutput> {
  const { logs, clock } = ctx.deps;
  const options = readOptions(ctx);
  const clocks = { timeZone: logs.timeZone, now: clock.now() };
  const filter = createLogFilter(input);
  const page = createLogPage(input);
  const reasons = new Set(reachReasons(input, clocks));

  for (const { text, level } of searchTerms(input, termsMax)) {
    const take = (item: RobinLogEntry | LogFragment | undefined): void => {
      if (item && isStray(item)) reasons.add(straysReason);
      if (item?.kind !== "entry" || !filter.isWanted(item)) return;
      if (level === undefined || item.level === level) page.add(item);
    };
    const parser = createLogParser(clocks);
    const read = { term: text, bytesMax, options };
    const outcome = await logs.read(read, (line) => {
      take(parser.push(line));
      return undefined;
    });
    take(parser.end());
    for (const reason of outcomeReasons(outcome)) reasons.add(reason);
  }
  const { entries, total, isShortened } = page.result();
  if (isShortened) reasons.add(tooLargeReason);
  return {
    entries,
    total,
    hasMore: input.offset + entries.length < total,
    incomplete: reasons.size > 0,
    ...(reasons.size > 0 && { incompleteReasons: [...reasons] }),
  };
}
