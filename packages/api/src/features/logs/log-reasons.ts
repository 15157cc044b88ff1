import { type LogSearchOutcome, logReach } from "@robin/sdk";
import type { LogFilterInput } from "./logs.schemas.ts";

export const straysReason =
  "Some lines belong to entries that Robin did not find with them; without a time they are left out. Exported as txt, without a filter but `search`, they are there.";

/** Why Robin cannot have all that was asked for. */
export function reachReasons(
  { startTime, endTime }: LogFilterInput,
  { timeZone, now }: { timeZone: string; now: Date },
): string[] {
  const { yesterday } = logReach(timeZone, now);
  if (!(startTime && startTime < yesterday) && !(endTime && endTime <= yesterday)) return [];
  return [`Robin searches the logs of today and yesterday only: nothing before ${yesterday.toISOString()}.`];
}

/** Why Robin may have had more than it gave. */
export function outcomeReasons({ truncated, cutLines, sawItself }: LogSearchOutcome): string[] {
  return [
    ...(truncated ? ["There were more lines than are read at once. Narrow the search."] : []),
    ...(cutLines > 0 ? ["Lines of more than 256 KiB are shortened."] : []),
    ...(truncated || sawItself
      ? []
      : [
          "Robin's own line about this search is missing: a byte that is no UTF-8 has probably ended today's log early, or Robin logs warnings only.",
        ]),
  ];
}
