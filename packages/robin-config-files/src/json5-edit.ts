import { isDeepStrictEqual } from "node:util";
import { applyEdits, isObject } from "./json5-edits.ts";
import { Grower } from "./json5-grow.ts";
import { layOutValue } from "./json5-layout.ts";
import { shrinkingEdits } from "./json5-shrink.ts";
import { type ConfigObject, type ConfigValue, readDocument } from "./json5-tree.ts";

/**
 * The text with exactly the values of `wanted`, none of them undefined. What has its value already keeps its bytes,
 * and so do comments, except those within values that are replaced and those on the line of a value that goes.
 * @throws ConfigFileError `syntax` when the text cannot be read to begin with.
 */
export function rewriteJson5(text: string, wanted: ConfigObject): string {
  const target = JSON.parse(JSON.stringify(wanted)) as ConfigObject;
  const document = readDocument(text);
  const shrunk = document.root ? applyEdits(text, shrinkingEdits(document, document.root, target)) : text;
  const result = grow(shrunk, target);
  // Better no change at all than another one than was meant.
  if (!isDeepStrictEqual(readDocument(result).root?.value, target)) throw new Error("the edit missed its aim");
  return result;
}

function grow(text: string, target: ConfigObject): string {
  const document = readDocument(text);
  if (document.root) return applyEdits(text, new Grower(document).edits(document.root, target));
  const lineBreak = text.includes("\r\n") ? "\r\n" : "\n";
  const gap = text === "" || text.endsWith("\n") ? "" : lineBreak;
  return `${text}${gap}${layOutValue(target, { indent: "", lineBreak, quotesNames: false })}${lineBreak}`;
}

/** Sets the value at a path of keys; objects on the way are made. */
export function setJson5(text: string, path: readonly string[], value: ConfigValue): string {
  return rewriteJson5(text, asObject(setIn(readDocument(text).root?.value, path, value)));
}

/** Removes the key at the end of the path, when it is there. */
export function removeJson5(text: string, path: readonly string[]): string {
  const current = readDocument(text).root?.value ?? {};
  return rewriteJson5(text, asObject(removeIn(current, path)));
}

/** Merges as RFC 7396 says: objects key by key, null removes, arrays and all else replace. */
export function mergeJson5(text: string, patch: ConfigObject): string {
  return rewriteJson5(text, asObject(mergePatch(readDocument(text).root?.value, patch)));
}

/** The value that RFC 7396 gives. */
export function mergePatch(value: ConfigValue | undefined, patch: ConfigValue): ConfigValue {
  if (!isObject(patch)) return patch;
  // A Map and `fromEntries` also keep a key `__proto__` harmless.
  const merged = new Map(isObject(value) ? Object.entries(value) : []);
  for (const [key, part] of Object.entries(patch)) {
    if (part === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), part));
  }
  return Object.fromEntries(merged);
}

function setIn(value: ConfigValue | undefined, [key, ...rest]: readonly string[], wanted: ConfigValue): ConfigValue {
  if (key === undefined) return wanted;
  const members = new Map(isObject(value) ? Object.entries(value) : []);
  return Object.fromEntries(members.set(key, setIn(members.get(key), rest, wanted)));
}

function removeIn(value: ConfigValue, [key, ...rest]: readonly string[]): ConfigValue {
  if (key === undefined || !isObject(value) || !Object.hasOwn(value, key)) return value;
  const members = new Map(Object.entries(value));
  if (rest.length === 0) members.delete(key);
  else members.set(key, removeIn(members.get(key) ?? null, rest));
  return Object.fromEntries(members);
}

function asObject(value: ConfigValue): ConfigObject {
  if (!isObject(value)) throw new TypeError("A configuration file holds an object.");
  return value;
}
