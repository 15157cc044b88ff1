import { isDeepStrictEqual } from "node:util";
import {
  alikeEnds,
  type Edit,
  endOfLine,
  indentAt,
  isObject,
  lineIndent,
  significantAfter,
  tokenBefore,
} from "./json5-edits.ts";
import { layOutMember, layOutValue } from "./json5-layout.ts";
import type { ArrayTree, ConfigObject, ConfigValue, Document, ObjectTree, Tree } from "./json5-tree.ts";

type Container = ArrayTree | ObjectTree;

/** The edits that change values in their places and add what is new, once nothing is left that has to go. */
export class Grower {
  readonly #document: Document;
  readonly #lineBreak: string;
  readonly #quotesNames: boolean;

  constructor(document: Document) {
    this.#document = document;
    this.#lineBreak = document.text.includes("\r\n") ? "\r\n" : "\n";
    this.#quotesNames = document.root?.members.some(({ isQuoted }) => isQuoted) ?? false;
  }

  edits(tree: Tree, wanted: ConfigValue): Edit[] {
    if (isDeepStrictEqual(tree.value, wanted)) return [];
    if (tree.kind === "object" && isObject(wanted) && !this.#isBlank(tree)) return this.#object(tree, wanted);
    if (tree.kind === "array" && Array.isArray(wanted) && !this.#isBlank(tree)) return this.#array(tree, wanted);
    const text = layOutValue(wanted, this.#style(lineIndent(this.#document.text, tree.start)));
    return [{ start: tree.start, end: tree.end, text }];
  }

  #object(tree: ObjectTree, wanted: ConfigObject): Edit[] {
    const known = new Set(tree.members.map(({ key }) => key));
    const added = Object.entries(wanted).filter(([key]) => !known.has(key));
    const lay = (indent: string) => added.map(([key, value]) => layOutMember(key, value, this.#style(indent)));
    return [
      ...tree.members.flatMap((member) => this.edits(member.tree, wanted[member.key] ?? null)),
      ...this.#insert(tree, tree.members.length, lay),
    ];
  }

  #array(tree: ArrayTree, wanted: readonly ConfigValue[]): Edit[] {
    const { head, tail } = alikeEnds(tree.value, wanted);
    const index = tree.elements.length - tail;
    const added = wanted.slice(index, wanted.length - tail);
    const lay = (indent: string) => added.map((value) => layOutValue(value, this.#style(indent)));
    return [
      ...tree.elements
        .slice(head, index)
        .flatMap((element, offset) => this.edits(element, wanted[head + offset] ?? null)),
      ...this.#insert(tree, index, lay),
    ];
  }

  /** Between the brackets there is nothing, not even a comment. */
  #isBlank({ start, end }: Container): boolean {
    return tokenBefore(this.#document.tokens, end - 1)?.start === start;
  }

  #insert(container: Container, index: number, lay: (indent: string) => string[]): Edit[] {
    const { text, tokens } = this.#document;
    const parts: readonly { start: number; end: number }[] =
      container.kind === "object" ? container.members : container.elements;
    const ownLine = parts.map(({ start }) => indentAt(text, start)).find((indent) => indent !== undefined);
    const indent = ownLine ?? `${lineIndent(text, container.start)}  `;
    const added = lay(indent);
    if (added.length === 0) return [];
    const newLine = `${this.#lineBreak}${indent}`;
    const [previous, next] = [parts[index - 1], parts[index]];
    const gap = ownLine === undefined ? " " : newLine;

    if (next && !previous) {
      return [{ start: next.start, end: next.start, text: added.map((part) => `${part},${gap}`).join("") }];
    }
    if (next && previous) {
      const comma = significantAfter(tokens, previous.end)?.end ?? previous.end;
      const lineEnd = endOfLine(text, comma);
      const inserted = added.map((part) => `${lineEnd === undefined ? " " : newLine}${part},`).join("");
      return [{ start: lineEnd ?? comma, end: lineEnd ?? comma, text: inserted }];
    }
    const last = tokenBefore(tokens, container.end - 1);
    const place = last?.end ?? container.start + 1;
    const lastGap = last?.type === "LineComment" || !previous ? newLine : gap;
    const inserted = { start: place, end: place, text: `${lastGap}${added.join(`,${lastGap}`)}` };
    if (!previous) return [inserted];
    // A comma at the end of an array is a null to Robin, which has to be written out before something follows.
    const isUnwritten = previous.start === previous.end;
    const comma = { start: previous.end, end: previous.end, text: isUnwritten ? "null," : "," };
    return [comma, inserted];
  }

  #style(indent: string) {
    return { indent, lineBreak: this.#lineBreak, quotesNames: this.#quotesNames };
  }
}
