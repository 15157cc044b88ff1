import { parse, tokenize, type ElementNode, type MemberNode, type Token, type ValueNode } from "@humanwhocodes/momoa";
import { ConfigFileError } from "./errors.ts";

export type ConfigValue = null | boolean | number | string | ConfigValue[] | ConfigObject;
export interface ConfigObject {
  [key: string]: ConfigValue;
}

/** A value with its place in the text: `end` is exclusive. */
interface Place {
  start: number;
  end: number;
}
export interface ScalarTree extends Place {
  kind: "scalar";
  value: null | boolean | number | string;
}
export interface ArrayTree extends Place {
  kind: "array";
  value: ConfigValue[];
  elements: Tree[];
}
export interface MemberTree extends Place {
  key: string;
  isQuoted: boolean;
  tree: Tree;
}
export interface ObjectTree extends Place {
  kind: "object";
  value: ConfigObject;
  members: MemberTree[];
}
export type Tree = ScalarTree | ArrayTree | ObjectTree;

export interface Document {
  text: string;
  /** Undefined in a file of comments and blanks alone, which Robin reads as an empty one. */
  root: ObjectTree | undefined;
  /** In order, comments among them. */
  tokens: readonly (Place & { type: Token["type"] })[];
}

const nestingMax = 100;

/**
 * Reads a configuration file as Robin's lenient Gson does: a number in another form than JSON's (0x10, +1, .5,
 * Infinity) is a text, a comma at an array's end makes a null, a line break after a backslash is kept.
 * @throws ConfigFileError `syntax` for what JSON5 or Robin cannot read; what only Gson reads (`#`, `=`, `;`) counts too.
 */
export function readDocument(text: string): Document {
  const tokens = findTokens(text);
  if (tokens.every(({ type }) => isComment(type))) return { text, root: undefined, tokens };
  const { body } = asSyntaxError(() => parse(blankComments(text, tokens), { mode: "json5", ranges: true }));
  const root = new TreeBuilder(text, tokens).build(body);
  if (root.kind !== "object") throw syntaxError(text, root.start, "an object in braces is expected");
  if (/[^ \t\r\n]/.test(text.slice(root.end))) throw syntaxError(text, root.end, "Robin allows no comment at the end");
  return { text, root, tokens };
}

/** The values in a text of JSON5, as Robin reads them. @throws ConfigFileError `syntax` */
export function parseJson5(text: string): ConfigObject {
  return readDocument(text).root?.value ?? {};
}

export const isComment = (type: Token["type"]): boolean => type === "LineComment" || type === "BlockComment";

function findTokens(text: string): Document["tokens"] {
  const tokens = asSyntaxError(() => tokenize(text, { mode: "json5", ranges: true })).map((token) => ({
    type: token.type,
    ...placeOf(token),
  }));
  let depth = 0;
  let end = text.startsWith("\uFEFF") ? 1 : 0;
  let isAfterComma = false;
  for (const { type, start, end: next } of tokens) {
    if (/[^ \t\r\n]/.test(text.slice(end, start))) throw syntaxError(text, end, "Robin reads no such blank");
    end = next;
    if (isComment(type)) continue;
    if (isAfterComma && type === "RBrace") throw syntaxError(text, start, "Robin allows no comma before a brace");
    isAfterComma = type === "Comma";
    if (type === "LBrace" || type === "LBracket") depth += 1;
    if (type === "RBrace" || type === "RBracket") depth -= 1;
    if (depth > nestingMax) throw syntaxError(text, start, "the values are nested too deeply");
  }
  return tokens;
}

/** The parser calls itself for each comment of a row, and a list that was commented out can be a long one. */
function blankComments(text: string, tokens: Document["tokens"]): string {
  const comments = tokens.filter(({ type }) => isComment(type));
  let end = 0;
  const pieces = comments.map((comment) => {
    const before = text.slice(end, comment.start);
    end = comment.end;
    return before + text.slice(comment.start, end).replaceAll(/[^\r\n]/g, " ");
  });
  return pieces.join("") + text.slice(end);
}

class TreeBuilder {
  readonly #text: string;
  /** Where the comma before a closing bracket ends, by the end of the bracket. */
  readonly #trailingCommas = new Map<number, number>();

  constructor(text: string, tokens: Document["tokens"]) {
    this.#text = text;
    const significant = tokens.filter(({ type }) => !isComment(type));
    significant.forEach(({ type, end }, index) => {
      const before = significant[index - 1];
      if (type === "RBracket" && before?.type === "Comma") this.#trailingCommas.set(end, before.end);
    });
  }

  build(node: ValueNode): Tree {
    const place = placeOf(node);
    if (node.type === "Object") return this.#object(node.members, place);
    if (node.type === "Array") return this.#array(node.elements, place);
    return { kind: "scalar", ...place, value: this.#scalar(node, this.#text.slice(place.start, place.end)) };
  }

  #object(nodes: MemberNode[], place: Place): ObjectTree {
    const members = nodes.map((node): MemberTree => {
      const { start, end } = placeOf(node.name);
      const raw = this.#text.slice(start, end);
      const isQuoted = node.name.type === "String";
      if (!isQuoted && raw.includes("\\")) throw syntaxError(this.#text, start, "Robin reads no escapes in bare names");
      return {
        key: isQuoted ? this.#string(raw, start) : raw,
        isQuoted,
        tree: this.build(node.value),
        ...placeOf(node),
      };
    });
    const seen = new Set<string>();
    for (const { key, start } of members) {
      if (seen.has(key)) throw syntaxError(this.#text, start, "the name is there twice");
      seen.add(key);
    }
    // Unlike an assignment this also keeps a key `__proto__` harmless.
    const value = Object.fromEntries(members.map(({ key, tree }) => [key, tree.value]));
    return { kind: "object", ...place, value, members };
  }

  #array(nodes: ElementNode[], place: Place): ArrayTree {
    const elements = nodes.map(({ value }) => this.build(value));
    const comma = this.#trailingCommas.get(place.end);
    if (comma !== undefined) elements.push({ kind: "scalar", start: comma, end: comma, value: null });
    return { kind: "array", ...place, value: elements.map(({ value }) => value), elements };
  }

  #scalar(node: Exclude<ValueNode, { type: "Object" | "Array" }>, raw: string): ScalarTree["value"] {
    if (node.type === "String") return this.#string(raw, placeOf(node).start);
    if (node.type === "Boolean") return node.value;
    if (node.type === "Null") return null;
    const isJsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(raw) && Number.isFinite(Number(raw));
    // Negative zero is the same to Robin and JSON has none.
    return isJsonNumber ? Number(raw) + 0 : raw;
  }

  #string(raw: string, start: number): string {
    return raw.slice(1, -1).replaceAll(/\\(u[\da-f]{4}|\r\n|[^])/gi, (_all, escape: string) => {
      if (/^u./.test(escape)) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
      const known = escapes[escape];
      if (known === undefined) throw syntaxError(this.#text, start, "Robin does not know an escape in this text");
      return known;
    });
  }
}

const escapes: Readonly<Record<string, string>> = {
  t: "\t",
  b: "\b",
  n: "\n",
  r: "\r",
  f: "\f",
  "\n": "\n",
  "\r\n": "\n",
  "'": "'",
  '"': '"',
  "\\": "\\",
  "/": "/",
};

function placeOf({ range }: { range?: readonly number[] | undefined }): Place {
  const [start, end] = range ?? [];
  if (start === undefined || end === undefined) throw new Error("the parser was not asked for ranges");
  return { start, end };
}

function syntaxError(text: string, offset: number, problem: string): ConfigFileError {
  const line = text.slice(0, offset).split("\n").length;
  return new ConfigFileError("syntax", `line ${line}: ${problem}`);
}

/** The parser's own errors say where and what. */
function asSyntaxError<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error) || !("line" in error)) throw error;
    const message = `line ${String(error.line)}: ${error.message.replace(/ \(\d+:\d+\)$/, "").replace(/\.$/, "")}`;
    throw new ConfigFileError("syntax", message, { cause: error });
  }
}
