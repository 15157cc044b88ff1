import type { z } from "zod";
import { InvalidResponseError } from "./errors.ts";

/** A parser for `RobinRequest.parse`: JSON, then the schema. Throws InvalidResponseError or a ZodError. */
export function jsonBody<S extends z.ZodType>(schema: S): (body: Buffer) => z.output<S> {
  return (body) => schema.parse(parseJson(body.toString("utf8")));
}

/** Throws InvalidResponseError; the engine's own message is left out because it quotes the body. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InvalidResponseError("Robin's answer is not JSON");
  }
}
