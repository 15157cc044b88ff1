import { createLogLineReader, isLogSearchEcho } from "@robin/sdk";
import { type Context, readOptions } from "../../context.ts";
import { termForAll } from "./log-filter.ts";

const namesMax = 1000;
const bytesMax = 1024 ** 3;

/** The loggers of Robin's log of two days, sorted, by reading all of it. Rejects as `LogReader.read`. */
export async function listLoggers(ctx: Context): Promise<string[]> {
  const { logs, clock } = ctx.deps;
  const names = new Set<string>();
  const readLine = createLogLineReader({ timeZone: logs.timeZone, now: clock.now() });
  await logs.read({ term: termForAll, bytesMax, options: readOptions(ctx) }, (line) => {
    const entry = readLine(line);
    if (entry && names.size < namesMax && !isLogSearchEcho(entry)) names.add(entry.logger);
    return undefined;
  });
  return [...names].sort();
}
