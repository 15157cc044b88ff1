import { z } from "zod";
import { AppError } from "./errors.ts";

// trpc-to-openapi marks bare numbers, booleans and dates of an input for coercion, in place and for tRPC callers as
// well (ADR 0001). These helpers are pipes, which it leaves alone; each reads the text of a query parameter and the
// value of a typed caller alike. The router's invariants test refuses the bare kinds.

interface IntRange {
  min: number;
  max: number;
  description: string;
  /** Taken when the caller leaves it out; only documents it, `.default()` does it. */
  fallback?: number;
}

/** A whole number within the range, or its decimal digits. */
export function intParam({ min, max, description, fallback }: IntRange) {
  return z
    .union([
      z.number(),
      z
        .string()
        .regex(/^-?\d{1,15}$/, "must be a whole number")
        .transform(Number),
    ])
    .pipe(z.number().int().min(min).max(max))
    .meta({ description, override: documentedAs({ type: "integer", minimum: min, maximum: max, default: fallback }) });
}

/** A boolean, or one of the words true and false. */
export function boolParam(description: string) {
  return z
    .union([z.boolean(), z.enum(["true", "false"]).transform((word) => word === "true")])
    .pipe(z.boolean())
    .meta({ description, override: documentedAs({ type: "boolean" }) });
}

/** Distinct members of an enum: an array, or its members joined with commas. */
export function listParam<const Member extends string>(members: readonly Member[], description: string) {
  const one = z.enum(members);
  return z
    .union([
      z.array(z.string()).max(members.length),
      z.string().transform((text) => text.split(",").map((part) => part.trim())),
    ])
    .pipe(z.array(one).min(1))
    .transform((list) => [...new Set(list)])
    .meta({
      description: `${description} One or more of ${members.join(", ")}, joined with commas.`,
      override: documentedAs({ type: "string", pattern: `^(${members.join("|")})(,(${members.join("|")}))*$` }),
    });
}

/** Far enough, and within what PostgreSQL and four digits can hold. */
const instantMax = new Date("9999-12-31T23:59:59.999Z");

/** A point in time from 1970 on, or its ISO 8601 text with an offset or Z. */
export function instantParam(description: string) {
  return z
    .union([z.date(), z.iso.datetime({ offset: true }).transform((text) => new Date(text))])
    .pipe(z.date().min(new Date(0)).max(instantMax))
    .meta({ description, override: documentedAs({ type: "string", format: "date-time" }) });
}

/** The number of a row, also as a parameter of a path. */
export function rowIdParam(description: string) {
  return intParam({ min: 1, max: 2_147_483_647, description });
}

/** Without control characters. Written so that other languages can read it from the OpenAPI document, too. */
const printable = /^[ -~\u00a0-\uffff]*$/;

interface TextRange {
  /** 1 unless an empty text means something. */
  charsMin?: number;
  charsMax: number;
  description: string;
}

/** One line of text, trimmed. PostgreSQL refuses a NUL and half a character. */
export function textParam({ charsMin = 1, charsMax, description }: TextRange) {
  return z
    .string()
    .min(charsMin)
    .max(charsMax)
    .regex(printable, "has a control character")
    .refine((text) => text.isWellFormed(), "has half a character")
    .trim()
    .meta({ description });
}

/** A point in time: a Date for typed callers, ISO 8601 with Z on REST. */
export const Instant = z.date().meta({ override: { type: "string", format: "date-time" } });

/** The OpenAPI document describes what REST callers write, not the union that typed callers share with them. */
export function documentedAs(schema: Record<string, unknown>) {
  return ({ jsonSchema }: { jsonSchema: Record<string, unknown> }) => {
    delete jsonSchema.anyOf;
    Object.assign(jsonSchema, schema);
  };
}

/** For procedures that take nothing: a field sent all the same is refused. */
export const NoInput = z.strictObject({}).optional();

/** Decodes the path parameters that `restPath` names within a REST input; the rest of the input stays as it is. */
export function decodePathParameters(restPath: string, rawInput: unknown): unknown {
  const names = [...restPath.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  if (names.length === 0 || typeof rawInput !== "object" || rawInput === null) return rawInput;
  const entries = Object.entries(rawInput).map(([name, value]: [string, unknown]) =>
    names.includes(name) && typeof value === "string" ? [name, decodeSegment(name, value)] : [name, value],
  );
  return Object.fromEntries(entries) as unknown;
}

function decodeSegment(name: string, segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    const issue = { path: name, message: "is not valid percent-encoding" };
    throw new AppError("invalid_input", "The input is not valid.", { cause, issues: [issue] });
  }
}
