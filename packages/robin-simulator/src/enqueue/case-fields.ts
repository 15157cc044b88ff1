import { JavaError } from "../java/java-error.ts";
import type { GsonMap, GsonValue } from "../java/gson-reader.ts";
import { castBoolean, castList, castMap, castString } from "../java/java-casts.ts";
import { parseJavaInt } from "../java/java-numbers.ts";

/** Typed looks into a case, each with the cast and the default that Robin's configuration classes have. Each throws a JavaError for a wrong type. */
export const stringField = (map: GsonMap, name: string): string | null => castString(map.get(name) ?? null);
export const booleanField = (map: GsonMap, name: string, absent = false): boolean =>
  map.has(name) ? (castBoolean(map.get(name) ?? null) ?? false) : absent;

/** An absent list is empty. For a null `nullError` is the text of the exception that Robin runs into; without one a null is empty too. */
export function listField(map: GsonMap, name: string, nullError?: string): GsonValue[] {
  const list = map.has(name) ? castList(map.get(name) ?? null) : [];
  if (list === null && nullError !== undefined) throw new JavaError(nullError);
  return list ?? [];
}

/** Robin replaces magic in these values without asking for a null first. */
export function requireText(value: GsonValue): string {
  const text = castString(value);
  if (text === null) throw new JavaError('Cannot invoke "java.lang.CharSequence.length()" because "this.text" is null');
  return text;
}

export const mapField = (map: GsonMap, name: string): GsonMap =>
  castMap(map.get(name) ?? null) ?? new Map<string, GsonValue>();

/** Numbers lose their fraction and may come as text. */
export function intField(map: GsonMap, name: string): number {
  const value = map.get(name) ?? null;
  if (value === null) return 0;
  if (typeof value !== "number") return parseJavaInt(castString(value) ?? "");
  const whole = Math.trunc(value);
  if (whole !== (whole | 0)) throw new JavaError("integer overflow");
  return whole;
}

export const isBlank = (text: string | null): boolean => text === null || text.trim() === "";
