import type { BlocklistEntry as EntryRow, Db } from "@robin/db";
import type { BlockTarget } from "./block-target.ts";
import type { Projection } from "./projection.ts";

const namedMax = 5;

/** The fields by which every change says how it went on. */
export function tell({ projected, problem, switchedOn }: Projection, notices: readonly string[]) {
  const switched = "Blocking was off in Robin's blocklist.json5 and is on now, with all entries of that file.";
  return {
    projected,
    notices: [...notices, ...(switchedOn ? [switched] : []), ...(problem === undefined ? [] : [problem])],
  };
}

export function isPast(expiresAt: Date | null | undefined, now: Date): boolean {
  return expiresAt instanceof Date && expiresAt <= now;
}

/** Why Robin does not block what somebody wants it to. */
export function isWithoutEffect({ type, value, expiresAt }: EntryRow, now: Date): string[] {
  if (type === "DOMAIN") return [`Robin blocks addresses and networks only, so ${value} is kept switched off.`];
  return isPast(expiresAt, now) ? [`${value} has expired: set another end to block it again.`] : [];
}

/** What is released from our list and blocked by Robin all the same. */
export function alsoByHand({ handWritten }: Projection, released: readonly string[]): string[] {
  const kept = released.filter((value) => handWritten.has(value));
  return kept.length === 0
    ? []
    : [`Still blocked, since it is in Robin's blocklist.json5 by hand as well: ${named(kept)}.`];
}

/** What is in force already and shares addresses with this. */
export async function overlapsOf(db: Db, { network, value }: BlockTarget, now: Date): Promise<string[]> {
  if (network === null) return [];
  const rows = await db.$queryRaw<{ value: string; isWider: boolean }[]>`
    SELECT value, network >> ${network}::inet AS "isWider" FROM gateway_blocklist_entries
    WHERE network && ${network}::inet AND value <> ${value} AND active AND (expires_at IS NULL OR expires_at > ${now})
    ORDER BY network LIMIT 1000`;
  const wider = rows.filter(({ isWider }) => isWider).map((row) => row.value);
  const narrower = rows.filter(({ isWider }) => !isWider).map((row) => row.value);
  return [
    ...(wider.length === 0 ? [] : [`${value} was blocked already, by ${named(wider)}.`]),
    ...(narrower.length === 0 ? [] : [`${value} covers what is on the list already: ${named(narrower)}.`]),
  ];
}

function named(values: readonly string[]): string {
  const rest = values.length - namedMax;
  return [...values.slice(0, namedMax), ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ");
}
