import type { GsonValue } from "./gson-reader.ts";

/** A number that Java holds as a double and Gson therefore prints with a fraction. */
export interface JavaDouble {
  readonly javaDouble: number;
}

export type Writable =
  null | string | number | boolean | JavaDouble | readonly Writable[] | WritableMap | WritableObject;
type WritableMap = ReadonlyMap<string, Writable>;
/** Keys without a value are left out, as Gson leaves out nulls; null stays only inside lists. */
export type WritableObject = { readonly [key: string]: Writable | undefined };

/** Gson's pretty printer: two blanks, and the characters that HTML could stumble over escaped. */
export function printGson(value: Writable, indent = ""): string {
  if (value === null || typeof value === "boolean" || typeof value === "number") return String(value);
  if (typeof value === "string") return quote(value);
  if (isDouble(value)) return printDouble(value.javaDouble);
  const inner = `${indent}  `;
  if (isList(value)) {
    const items = value.map((item) => inner + printGson(item, inner));
    return items.length === 0 ? "[]" : `[\n${items.join(",\n")}\n${indent}]`;
  }
  const entries = [...(value instanceof Map ? (value as WritableMap) : Object.entries(value as WritableObject))];
  const lines = entries.flatMap(([key, item]) =>
    item === undefined || item === null ? [] : [`${inner}${quote(key)}: ${printGson(item, inner)}`],
  );
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
}

const isList = (value: Writable): value is readonly Writable[] => Array.isArray(value);
const isDouble = (value: object): value is JavaDouble => "javaDouble" in value && typeof value.javaDouble === "number";

/** JSON.stringify escapes control characters as Gson does; the rest is what Gson adds. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&='\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Java's Double.toString. */
function printDouble(value: number): string {
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e7))
    return Number.isInteger(value) ? `${Object.is(value, -0) ? "-0" : value}.0` : String(value);
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  return `${digits.includes(".") ? digits : `${digits}.0`}E${exponent.replace("+", "")}`;
}

/** What Gson read is what Gson prints, numbers as the doubles they became. */
export function toWritable(value: GsonValue): Writable {
  if (typeof value === "number") return { javaDouble: value };
  if (Array.isArray(value)) return value.map(toWritable);
  return value instanceof Map ? new Map([...value].map(([key, item]) => [key, toWritable(item)])) : value;
}
