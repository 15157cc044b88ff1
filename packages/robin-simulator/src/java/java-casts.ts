import { JavaError } from "./java-error.ts";
import type { GsonMap, GsonValue } from "./gson-reader.ts";

/** Robin casts what Gson read without looking, so a wrong type answers with the words of Java's ClassCastException. */
export function castString(value: GsonValue): string | null {
  if (value === null || typeof value === "string") return value;
  throw castError(value, "java.lang.String");
}

export function castBoolean(value: GsonValue): boolean | null {
  if (value === null || typeof value === "boolean") return value;
  throw castError(value, "java.lang.Boolean");
}

export function castList(value: GsonValue): GsonValue[] | null {
  if (value === null || Array.isArray(value)) return value;
  throw castError(value, "java.util.List");
}

export function castMap(value: GsonValue): GsonMap | null {
  if (value === null || value instanceof Map) return value;
  throw castError(value, "java.util.Map");
}

/** Gson's own map type, the only one of these classes that is not in java.base. */
const gsonMapClass = "com.google.gson.internal.LinkedTreeMap";

function castError(value: NonNullable<GsonValue>, target: string): JavaError {
  const actual = javaClass(value);
  const places =
    actual === gsonMapClass
      ? `${actual} is in unnamed module of loader 'app'; ${target} is in module java.base of loader 'bootstrap'`
      : `${actual} and ${target} are in module java.base of loader 'bootstrap'`;
  return new JavaError(`class ${actual} cannot be cast to class ${target} (${places})`);
}

function javaClass(value: NonNullable<GsonValue>): string {
  if (value instanceof Map) return gsonMapClass;
  if (Array.isArray(value)) return "java.util.ArrayList";
  if (typeof value === "string") return "java.lang.String";
  return typeof value === "number" ? "java.lang.Double" : "java.lang.Boolean";
}
