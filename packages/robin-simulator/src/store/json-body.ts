import { parseGson } from "../java/gson-reader.ts";
import type { GsonMap, GsonValue } from "../java/gson-reader.ts";
import { printGson } from "../java/gson-writer.ts";
import { JavaError } from "../java/java-error.ts";
import { parseJavaInt } from "../java/java-numbers.ts";
import { StoreIoError } from "./file-tree.ts";

/** The body of a mutation; blank and null are an empty object. Throws StoreIoError for what Gson cannot read. */
export function parseBody(text: string): GsonMap {
  try {
    return parseGson(text.trim()) ?? new Map<string, GsonValue>();
  } catch (error) {
    if (error instanceof JavaError) throw new StoreIoError("Invalid JSON body");
    throw error;
  }
}

/** Robin turns every value into text; an explicit null becomes the word. */
export function textOf(body: GsonMap, key: string, fallback = ""): string {
  const value = body.get(key);
  return value === undefined ? fallback : javaText(value);
}

/** Nulls are dropped, everything else becomes text; anything but a list is none. */
export function textsOf(body: GsonMap, key: string): string[] {
  const value = body.get(key);
  return Array.isArray(value) ? value.filter((item) => item !== null).map(javaText) : [];
}

export function intOf(body: GsonMap, key: string, fallback: number): number {
  const value = body.get(key) ?? null;
  if (value === null) return fallback;
  if (typeof value === "number") return Math.trunc(value);
  try {
    return parseJavaInt(javaText(value).trim());
  } catch {
    return fallback;
  }
}

/** Java's String.valueOf. */
function javaText(value: GsonValue): string {
  if (typeof value === "number") return printGson({ javaDouble: value });
  if (Array.isArray(value)) return `[${value.map(javaText).join(", ")}]`;
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `${key}=${javaText(item)}`).join(", ")}}`;
  return String(value);
}

/** The instant so many calendar months ago, in UTC; a day that the month lacks becomes its last one. */
export function monthsBefore(now: Date, months: number): Date {
  const moved = new Date(now);
  moved.setUTCDate(1);
  moved.setUTCMonth(moved.getUTCMonth() - Math.max(0, months));
  const lastDay = new Date(Date.UTC(moved.getUTCFullYear(), moved.getUTCMonth() + 1, 0)).getUTCDate();
  moved.setUTCDate(Math.min(now.getUTCDate(), lastDay));
  return moved;
}
