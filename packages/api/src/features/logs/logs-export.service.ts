import type { Context } from "../../context.ts";
import { Download, downloadOptions } from "../../download.ts";
import { createLogFeed, type LogDays } from "./log-feeds.ts";
import { logFileFormats } from "./log-file-formats.ts";
import { createLogFilter, searchTerms } from "./log-filter.ts";
import { outcomeReasons, reachReasons, straysReason } from "./log-reasons.ts";
import type { ExportLogsInput } from "./logs.schemas.ts";
import { createSpool, inTurn } from "./spool.ts";

/** What waits on disk for its reader. */
const bytesMax = 512 * 1024 ** 2;

/** One search: the answers of two would have to be sorted into each other. */
const termsMax = 1;

/**
 * Robin's log as a file, the oldest first. Robin gives today's lines before yesterday's, so both days go to disk as
 * fast as they come, and the file begins when Robin is done: what fails is an error, and never half a file.
 */
export async function exportLogs(ctx: Context, input: ExportLogsInput): Promise<Download> {
  const { logs, clock } = ctx.deps;
  const { timeZone } = logs;
  const now = clock.now();
  const format = logFileFormats[input.format];
  const days: LogDays = { yesterday: await createSpool(), today: await createSpool() };
  try {
    const feed = createLogFeed({ filter: createLogFilter(input), days, format, timeZone, clock });
    const reasons = reachReasons(input, { timeZone, now });
    for (const { text } of searchTerms(input, termsMax)) {
      const read = { term: text, bytesMax, options: downloadOptions(ctx) };
      reasons.push(...outcomeReasons(await logs.read(read, (line) => feed.push(line))));
    }
    await feed.end();
    if (feed.hasStrays()) reasons.push(straysReason);

    const hasBoth = !days.yesterday.isEmpty() && !days.today.isEmpty();
    const isEmpty = days.yesterday.isEmpty() && days.today.isEmpty();
    const body = inTurn([
      Buffer.from(format.head),
      await days.yesterday.end(),
      Buffer.from(hasBoth ? format.separator : ""),
      await days.today.end(),
      Buffer.from(format.tail(reasons, isEmpty)),
    ]);
    const stamp = now.toISOString().replaceAll(/[-:]|\..*/g, "");
    return new Download({ fileName: `robin-logs-${stamp}.${input.format}`, mediaType: format.mediaType }, body);
  } catch (error) {
    await Promise.all([days.yesterday.discard(), days.today.discard()]);
    throw error;
  }
}
