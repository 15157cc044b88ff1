import type { GsonMap } from "../java/gson-reader.ts";
import { mapField } from "./case-fields.ts";

/** Replaces `{$name}` in a case. Of Robin's sources only the case's own `$` object is simulated; unknown names stay. */
export interface Magic {
  replace(text: string): string;
  /** For envelope fields: a value that begins with `{$` is one of two client defaults, or nothing at all. */
  replaceField(text: string): string;
}

export function createMagic(caseMap: GsonMap, defaults: { mail: string; rcpt: string }): Magic {
  const values = new Map<string, string>();
  const replace = (text: string): string =>
    text.replace(/\{\$([a-z0-9\-_.]+)\}/gi, (match, name: string) => values.get(name) ?? match);
  for (const [name, value] of mapField(caseMap, "$")) {
    if (typeof value === "string") values.set(name, replace(value));
  }
  const starting: Readonly<Record<string, string>> = { "{$mail}": defaults.mail, "{$rcpt}": defaults.rcpt };
  return { replace, replaceField: (text) => replace(text.startsWith("{$") ? (starting[text] ?? "") : text) };
}
