import { z } from "zod";
import { documentedAs } from "../../rest-input.ts";

const asBase64 = { type: "string", contentEncoding: "base64" } as const;

/** Bytes as base64, which may have line ends in it; typed callers may hand over a Uint8Array. */
export const Bytes = z
  .union([z.custom<Uint8Array>((value) => value instanceof Uint8Array).meta({ override: asBase64 }), z.string()])
  .transform((value, ctx): Uint8Array => {
    if (typeof value !== "string") return value;
    const text = value.replaceAll(/\s+/g, "");
    const bytes = Buffer.from(text, "base64");
    // Node skips what is not base64, so it is asked what it has read.
    if (bytes.toString("base64") === text) return bytes;
    ctx.addIssue("is not base64");
    return z.NEVER;
  })
  .meta({ override: documentedAs(asBase64) });
