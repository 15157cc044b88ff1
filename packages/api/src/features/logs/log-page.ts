import type { LogEntry as RobinLogEntry } from "@robin/sdk";
import { createHash } from "node:crypto";
import { toLogEntry } from "./log-filter.ts";
import type { LogEntry } from "./logs.schemas.ts";

export interface LogPage {
  /** Takes entries in the order in which Robin gives them. */
  add(entry: RobinLogEntry): void;
  result(): {
    entries: LogEntry[];
    /** How many were added. */
    total: number;
    /** Entries of this page were dropped because those before them are so large. */
    isShortened: boolean;
  };
}

interface Kept {
  entry: RobinLogEntry;
  /** Position in Robin's answer: entries of one moment keep their order. */
  position: number;
  /** How many entries before it look the same. */
  twins: number;
}

/** About 16 MB. */
const charsMaxDefault = 8 * 1024 * 1024;
/** What an entry costs beside its message. */
const charsPerEntry = 200;

/** One page by time out of any number of entries, holding at most twice what comes up to its end. */
export function createLogPage(
  { offset, limit, order }: { offset: number; limit: number; order: "asc" | "desc" },
  charsMax = charsMaxDefault,
): LogPage {
  const entriesMax = offset + limit;
  const sign = order === "desc" ? -1 : 1;
  let kept: Kept[] = [];
  let chars = 0;
  let total = 0;
  /** The last that had room: what comes after it in the order does not matter any more. */
  let last: Kept | undefined;
  /** The first entry of the latest moment, and how often each look was seen in it once there are more. */
  let moment: { first: RobinLogEntry; seen?: Map<string, number> } | undefined;

  const byOrder = (one: Kept, other: Kept): number =>
    sign * (one.entry.at.getTime() - other.entry.at.getTime() || one.position - other.position);
  const charsOf = ({ entry }: Kept): number => charsPerEntry + entry.message.length;

  function twinsOf(entry: RobinLogEntry): number {
    if (moment?.first.at.getTime() !== entry.at.getTime()) {
      moment = { first: entry };
      return 0;
    }
    moment.seen ??= new Map([[looksOf(moment.first), 1]]);
    const looks = looksOf(entry);
    const twins = moment.seen.get(looks) ?? 0;
    moment.seen.set(looks, twins + 1);
    return twins;
  }

  function compact(): void {
    kept.sort(byOrder);
    let fits = 0;
    chars = 0;
    for (const one of kept) {
      if (fits === entriesMax || chars + charsOf(one) > charsMax) break;
      chars += charsOf(one);
      fits += 1;
    }
    if (fits < kept.length || fits === entriesMax) last = kept[fits - 1] ?? last;
    kept = kept.slice(0, fits);
  }

  return {
    add(entry) {
      const one = { entry, position: total, twins: twinsOf(entry) };
      total += 1;
      if (last && byOrder(one, last) > 0) return;
      kept.push(one);
      chars += charsOf(one);
      if (kept.length >= 2 * entriesMax || chars > 2 * charsMax) compact();
    },
    result() {
      compact();
      const page = kept.slice(offset);
      return {
        entries: page.map(({ entry, twins }) => ({ id: idOf(entry, twins), ...toLogEntry(entry) })),
        total,
        isShortened: page.length < Math.min(limit, total - offset),
      };
    },
  };
}

/** Lines that follow are left out: other searches find others of them. */
function looksOf({ level, thread, logger, aCode, bCode, cCode, message }: RobinLogEntry): string {
  return [level, thread, logger, aCode, bCode, cCode, message.split("\n", 1)[0]].join("|");
}

function idOf(entry: RobinLogEntry, twins: number): string {
  const text = `${entry.at.getTime()}|${twins}|${looksOf(entry)}`;
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
