import { z } from "zod";
import type { Principal } from "../features/auth/authenticator.ts";
import type { CacheRule } from "./rules.ts";

/**
 * Names an answer by procedure and input, whichever way the input was written: numbers and their texts, defaults left
 * out or given and the order of the fields make no difference. Undefined for an input that the procedure refuses.
 */
export function answerKey(procedure: string, schema: z.core.$ZodType, rawInput: unknown): string | undefined {
  const input = z.safeParse(schema, rawInput);
  return input.success ? `${procedure} ${JSON.stringify(input.data ?? {}, sorted)}` : undefined;
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** The key of the answer that is for this caller. */
export function keyFor(key: string, { sharedBy }: CacheRule, principal: Principal | undefined): string {
  return sharedBy === "being signed in" && principal ? `${key} signed in` : key;
}
