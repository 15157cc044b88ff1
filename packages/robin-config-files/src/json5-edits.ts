import { isDeepStrictEqual } from "node:util";
import { type ConfigObject, type ConfigValue, type Document, isComment } from "./json5-tree.ts";

/** Puts `text` in place of what is there from `start` to before `end`. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = "";
  let done = 0;
  // The sort is stable: of insertions at one place, the one that was listed first comes first.
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    // Neighbours that go may both claim the blanks between them.
    result += text.slice(done, Math.max(done, edit.start)) + edit.text;
    done = Math.max(done, edit.end);
  }
  return result + text.slice(done);
}

export const isObject = (value: unknown): value is ConfigObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** How many elements at both ends are alike, so that a change in the middle leaves the others alone. */
export function alikeEnds(old: readonly ConfigValue[], wanted: readonly ConfigValue[]): { head: number; tail: number } {
  const max = Math.min(old.length, wanted.length);
  let head = 0;
  while (head < max && isDeepStrictEqual(old[head], wanted[head])) head += 1;
  let tail = 0;
  while (tail < max - head && isDeepStrictEqual(old.at(-1 - tail), wanted.at(-1 - tail))) tail += 1;
  return { head, tail };
}

type DocumentToken = Document["tokens"][number];

/** The index of the first token that begins at or after the offset. */
function indexAfter(tokens: readonly DocumentToken[], offset: number): number {
  let [low, high] = [0, tokens.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens[middle]?.start ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function significantAfter(tokens: readonly DocumentToken[], offset: number): DocumentToken | undefined {
  let index = indexAfter(tokens, offset);
  for (let token = tokens[index]; token && isComment(token.type); token = tokens[index]) index += 1;
  return tokens[index];
}

/** The token in front of the one that begins at the offset. */
export function tokenBefore(tokens: readonly DocumentToken[], offset: number): DocumentToken | undefined {
  return tokens[indexAfter(tokens, offset) - 1];
}

/** The blanks in front when nothing else stands in front on the line; undefined otherwise. */
export function indentAt(text: string, offset: number): string | undefined {
  let start = offset;
  while (start > 0 && /[ \t]/.test(text.charAt(start - 1))) start -= 1;
  return text.charAt(start - 1) === "\n" ? text.slice(start, offset) : undefined;
}

/** The blanks at the beginning of the line. */
export function lineIndent(text: string, offset: number): string {
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const blanks = /[ \t]*/y;
  blanks.lastIndex = lineStart;
  return blanks.exec(text)?.[0] ?? "";
}

/** Where the line ends, when only blanks and comments stand between; undefined otherwise. */
export function endOfLine(text: string, offset: number): number | undefined {
  let end = offset;
  // Not by one regular expression, which a long comment, or a long row of them, would make overflow the stack.
  for (;;) {
    while (/[ \t]/.test(text.charAt(end))) end += 1;
    if (!text.startsWith("/*", end)) break;
    const close = text.indexOf("*/", end);
    if (text.slice(end, close).includes("\n")) return undefined;
    end = close + 2;
  }
  const lineBreak = text.indexOf("\n", end);
  const rest = text.slice(end, lineBreak);
  if (lineBreak < 0 || !/^(?:\/\/.*)?\r?$/.test(rest)) return undefined;
  return rest.endsWith("\r") ? lineBreak - 1 : lineBreak;
}
