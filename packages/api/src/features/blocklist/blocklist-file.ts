import { type ConfigFile, type ConfigObject, parseJson5, rewriteJson5 } from "@robin/config-files";
import { isDeepStrictEqual } from "node:util";
import { readTarget } from "./block-target.ts";

/** Robin's file, without its ending. */
export const blocklistFile = "blocklist";

/** Beside Robin's own `enabled` and `entries`; Robin does not look at it. */
const ownKey = "gatewayEntries";

/** Robin's own skeleton. The comment in the list has the first entry begin a line, and the others follow it. */
const newFile = `// Robin closes connections from these addresses and networks at once.
// What the gateway's blocklist has stands under "${ownKey}" as well. Entries that stand only under "entries" were
// written by hand: the gateway leaves them alone.
{
  enabled: false,
  entries: [
    // "192.0.2.1", "198.51.100.0/24", "2001:db8::/32"
  ]
}
`;

type FileText = Pick<ConfigFile, "text" | "value">;

export interface BlocklistText {
  text: string;
  /** Robin's blocking was off and is on now, with all that is in the file. */
  switchedOn: boolean;
}

/** What is in the file besides the gateway's own entries, in canonical form where it can be read. */
export function handWritten(file: FileText | undefined): ReadonlySet<string> {
  const own = new Set(stringsOf(file?.value[ownKey]));
  const byHand = stringsOf(file?.value.entries).filter((entry) => !own.has(entry));
  return new Set(byHand.map(canonical));
}

/**
 * The file with exactly the wanted entries of ours. The key `gatewayEntries` in the file itself tells ours from those
 * that Robin's administrator wrote: it changes together with the entries, so that no crash, backup or second database
 * can make an entry of ours look like one by hand, which would never expire. What is in the file by hand already is not
 * added, and so stays when ours goes. Comments and the order of what is by hand are kept. Whatever is no text is taken
 * out: Robin's listener ends over it.
 */
export function writeBlocklist(present: FileText | undefined, wanted: readonly string[]): BlocklistText {
  const file = present ?? { text: newFile, value: parseJson5(newFile) };
  const byHand = handWritten(file);
  const own = wanted.filter((value) => !byHand.has(value));
  const former = new Set(stringsOf(file.value[ownKey]));
  if (own.length === 0 ? former.size === 0 : isUpToDate(file.value, own)) return { text: file.text, switchedOn: false };

  const start = gathered(file, former);
  const entries = stringsOf(start.value.entries);
  const first = entries.findIndex((entry) => former.has(entry));
  const last = entries.findLastIndex((entry) => former.has(entry));
  const [from, to] = first < 0 ? [entries.length, entries.length] : [first, last + 1];
  const value: ConfigObject = { ...start.value, entries: [...entries.slice(0, from), ...own, ...entries.slice(to)] };
  if (own.length > 0) Object.assign(value, { enabled: true, [ownKey]: own });
  else Reflect.deleteProperty(value, ownKey);
  return { text: rewriteJson5(start.text, value), switchedOn: own.length > 0 && file.value.enabled !== true };
}

/** Most of the time nothing has changed, and reading a long file for edits takes a while. */
function isUpToDate({ enabled, entries, [ownKey]: former }: ConfigObject, own: readonly string[]): boolean {
  if (enabled !== true || !Array.isArray(entries) || !isDeepStrictEqual(former, own)) return false;
  const present = new Set(entries);
  return own.every((value) => present.has(value)) && entries.every((entry) => typeof entry === "string");
}

/**
 * The file with all of ours in one place, whatever was written in between. One removal at a time: so each leaves the
 * lines around it, with their comments, where they are.
 */
function gathered({ text, value }: FileText, own: ReadonlySet<string>): { text: string; value: ConfigObject } {
  const all = Array.isArray(value.entries) ? value.entries : [];
  const isOwn = all.map((entry) => typeof entry === "string" && own.has(entry));
  const firstEnd = isOwn.findIndex((here, index) => here && !isOwn[index + 1]);
  const isSurplus = all.map((entry, index) => typeof entry !== "string" || (isOwn[index] && index > firstEnd));
  let result = { text, value: { ...value, entries: all } };
  for (let end = all.length; end > 0; end -= 1) {
    if (!isSurplus[end - 1]) continue;
    const start = isSurplus.lastIndexOf(false, end - 1) + 1;
    const entries = result.value.entries.toSpliced(start, end - start);
    const next = { ...value, entries };
    result = { text: rewriteJson5(result.text, next), value: next };
    end = start + 1;
  }
  return result;
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function canonical(entry: string): string {
  const target = readTarget(entry.trim());
  return "problem" in target ? entry : target.value;
}
