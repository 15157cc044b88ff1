import type { z } from "zod";
import { RobinInputError } from "./errors.ts";

/** What the schema makes of an argument. Throws RobinInputError, without the value, for one that Robin would misread. */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new RobinInputError(issue?.path.join(".") ?? "", issue?.message ?? "invalid");
}
