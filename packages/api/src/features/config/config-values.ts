import type { ConfigObject, ConfigValue } from "@robin/config-files";
import { isDeepStrictEqual } from "node:util";
import type { InputIssue } from "../../errors.ts";
import { isObject } from "./config-sections.ts";

/** The paths, in dots, of what differs; lists count as a whole. */
export function changedPaths(before: ConfigObject, after: ConfigObject, parent = ""): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => {
    const [old, now] = [own(before, key), own(after, key)];
    const path = parent === "" ? key : `${parent}.${key}`;
    if (isDeepStrictEqual(old, now)) return [];
    return isObject(old) && isObject(now) ? changedPaths(old, now, path) : [path];
  });
}

const own = (value: ConfigObject, key: string): ConfigValue | undefined =>
  Object.hasOwn(value, key) ? value[key] : undefined;

/** Without the members that are null, which Robin does not tell from absent ones. */
export function withoutNulls<Value extends ConfigValue>(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutNulls) as Value;
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([, part]) => part !== null);
  return Object.fromEntries(members.map(([key, part]) => [key, withoutNulls(part)])) as Value;
}

const depthMax = 20;
const keyCharsMax = 200;
/** Enough for any file, and worked in well within a second. */
const valuesMax = 20_000;

/** What neither Robin nor the database could keep, and what is too much of it. */
export function unstorable(document: ConfigObject): InputIssue[] {
  if (countValues(document) > valuesMax) return [{ path: "", message: `has more than ${valuesMax} values` }];
  return problemsOf(document, "", 0);
}

const countValues = (value: ConfigValue): number =>
  typeof value === "object" && value !== null
    ? Object.values(value).reduce<number>((sum, part) => sum + countValues(part), 1)
    : 1;

function problemsOf(value: ConfigValue, path: string, depth: number): InputIssue[] {
  if (depth > depthMax) return [{ path, message: "is nested too deeply" }];
  if (typeof value === "string") return isStorable(value) ? [] : [{ path, message: "has a NUL or half a character" }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => {
    if (key.length > keyCharsMax || !isStorable(key) || key === "__proto__") {
      return [{ path, message: "has a key that cannot be kept" }];
    }
    return problemsOf(part, path === "" ? key : `${path}.${key}`, depth + 1);
  });
}

const isStorable = (text: string): boolean => !text.includes("\0") && text.isWellFormed();
