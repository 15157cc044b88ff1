import { JavaError } from "./java-error.ts";

const intMax = 2 ** 31 - 1;

/** Java's Integer.parseInt. Throws the JavaError whose text Robin sends. */
export function parseJavaInt(text: string): number {
  const value = Number(text);
  if (!/^[+-]?[0-9]+$/.test(text) || value > intMax || value < -intMax - 1)
    throw new JavaError(`For input string: "${text}"`);
  return value;
}
