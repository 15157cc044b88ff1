import { alikeEnds, endOfLine, indentAt, type Edit, isObject, significantAfter } from "./json5-edits.ts";
import type { ConfigValue, Document, MemberTree, Tree } from "./json5-tree.ts";

/** The edits that take out of the text what `wanted` has not: members, and surplus elements. */
export function shrinkingEdits(document: Document, tree: Tree, wanted: ConfigValue): Edit[] {
  if (tree.kind === "object" && isObject(wanted)) {
    const isGone = ({ key }: MemberTree) => !Object.hasOwn(wanted, key);
    const inner = tree.members
      .filter((member) => !isGone(member))
      .flatMap((member) => shrinkingEdits(document, member.tree, wanted[member.key] ?? null));
    return [...inner, ...removals(document, tree.members, isGone)];
  }
  if (tree.kind === "array" && Array.isArray(wanted)) {
    const { head, tail } = alikeEnds(tree.value, wanted);
    const oldTail = tree.elements.length - tail;
    const keptMax = Math.max(head, wanted.length - tail);
    const inner = tree.elements
      .slice(head, Math.min(keptMax, oldTail))
      .flatMap((element, index) => shrinkingEdits(document, element, wanted[head + index] ?? null));
    return [...inner, ...removals(document, tree.elements, (_, index) => index >= keptMax && index < oldTail)];
  }
  return [];
}

interface Part {
  start: number;
  end: number;
}

function removals<Item extends Part>(
  document: Document,
  parts: readonly Item[],
  isGone: (part: Item, index: number) => boolean,
): Edit[] {
  const edits = parts.flatMap((part, index) => (isGone(part, index) ? [removal(document, part)] : []));
  const lastKept = parts.findLastIndex((part, index) => !isGone(part, index));
  const kept = parts[lastKept];
  if (edits.length === 0 || !kept || lastKept === parts.length - 1) return edits;
  const comma = commaAfter(document, kept.end);
  return comma ? [...edits, { start: comma.start, end: comma.end, text: "" }] : edits;
}

/** A part goes with its comma; one that has its line to itself takes the line with it, comment included. */
function removal(document: Document, { start, end }: Part): Edit {
  const { text } = document;
  const comma = commaAfter(document, end);
  const afterComma = comma?.end ?? end;
  const lineEnd = endOfLine(text, afterComma);
  const indent = indentAt(text, start);
  const isFirstOfLine = indent !== undefined;
  if (isFirstOfLine && lineEnd !== undefined) {
    const lineBreak = text.slice(0, start - indent.length).endsWith("\r\n") ? 2 : 1;
    return { start: start - indent.length - lineBreak, end: lineEnd, text: "" };
  }
  if (comma && lineEnd === undefined) {
    const blanks = /[ \t]*/y;
    blanks.lastIndex = afterComma;
    return { start, end: afterComma + (blanks.exec(text)?.[0].length ?? 0), text: "" };
  }
  let from = start;
  while (!isFirstOfLine && /[ \t]/.test(text.charAt(from - 1))) from -= 1;
  return { start: from, end: lineEnd ?? afterComma, text: "" };
}

function commaAfter(document: Document, offset: number): Part | undefined {
  const next = significantAfter(document.tokens, offset);
  return next?.type === "Comma" ? next : undefined;
}
