import { JavaError } from "./java-error.ts";

/**
 * What stands next in the text. Quoted and bare strings are one kind to the caller.
 * A value is taken out of the text only when it is read, because Gson's error texts name the place before it.
 */
export type GsonToken =
  | { kind: "BEGIN_ARRAY" | "END_ARRAY" | "BEGIN_OBJECT" }
  | { kind: "STRING" | "NUMBER" | "BOOLEAN" | "NULL"; read: () => string | number | boolean | null };

const guide = "https://github.com/google/gson/blob/main/Troubleshooting.md";

/** Characters that end a bare word. */
const wordEnd = /[/\\;#={}[\]:, \t\f\r\n]/;
const simpleEscapes: Readonly<Record<string, string>> = { t: "\t", b: "\b", n: "\n", r: "\r", f: "\f" };
const sameEscapes = "\n'\"\\/";
const securityPrefix = ")]}'\n";
const strictNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** The lowest layer of Gson's lenient reader: characters, blanks, comments, literals, and the place for error texts. */
export class GsonText {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text.startsWith("\ufeff") ? text.slice(1) : text;
  }

  /** Reads the next character that is neither blank nor comment; undefined at the end. */
  nextSignificant(path: string): string | undefined {
    for (;;) {
      const character = this.#text[this.#position];
      if (character === undefined) return undefined;
      this.#position += 1;
      if ("\n \r\t".includes(character)) continue;
      if (character === "#") this.#skipLine();
      else if (character !== "/") return character;
      else if (!this.#skipComment(path)) return character;
    }
  }

  /** As nextSignificant, but the end of the text is an error. */
  requireSignificant(path: string): string {
    const character = this.nextSignificant(path);
    if (character === undefined) throw new JavaError(`java.io.EOFException: End of input${this.#place(path)}`);
    return character;
  }

  stepBack(): void {
    this.#position -= 1;
  }

  /** Some servers put this in front of JSON so that it cannot run as a script; Gson knows it. */
  skipSecurityPrefix(): void {
    this.requireSignificant("$");
    this.stepBack();
    if (this.#text.startsWith(securityPrefix, this.#position)) this.#position += securityPrefix.length;
  }

  /** After the value only blanks may follow, not even a comment: Gson is strict again there. */
  requireEnd(): void {
    const rest = this.#text.slice(this.#position).search(/[^ \t\r\n]/);
    if (rest < 0) return;
    this.#position += rest + 1;
    throw this.malformed("Use JsonReader.setStrictness(Strictness.LENIENT) to accept malformed JSON", "$");
  }

  /** Skips the character if it is the next one. */
  skipIfNext(character: string): void {
    if (this.#text[this.#position] === character) this.#position += 1;
  }

  isWordStart(character: string): boolean {
    return !wordEnd.test(character);
  }

  readWord(): string {
    const rest = this.#text.slice(this.#position);
    const length = rest.search(wordEnd);
    const word = length < 0 ? rest : rest.slice(0, length);
    this.#position += word.length;
    return word;
  }

  /** A bare word as the value Gson sees in it: hex, `+1`, `.5` and `Infinity` are strings. */
  nextLiteral(): GsonToken {
    const start = this.#position;
    const word = this.readWord();
    const lower = word.toLowerCase();
    if (lower === "null") return { kind: "NULL", read: () => null };
    if (lower === "true" || lower === "false") return { kind: "BOOLEAN", read: () => lower === "true" };
    const isNumber = strictNumber.test(word);
    // Whole numbers are taken out at once, the others when they are read.
    if (!isWholeNumber(word)) this.#position = start;
    const read = (): string | number => {
      this.#position = start + word.length;
      return isNumber ? Number(word) : word;
    };
    return { kind: isNumber ? "NUMBER" : "STRING", read };
  }

  readQuoted(quote: string, path: string): string {
    let value = "";
    for (;;) {
      const character = this.#text[this.#position];
      if (character === undefined) throw this.malformed("Unterminated string", path);
      this.#position += 1;
      if (character === quote) return value;
      value += character === "\\" ? this.#readEscape(path) : character;
    }
  }

  malformed(problem: string, path: string): JavaError {
    return new JavaError(
      `com.google.gson.stream.MalformedJsonException: ${problem}${this.#place(path)}\nSee ${guide}#malformed-json`,
    );
  }

  unexpected(expected: string, actual: string, path: string): JavaError {
    const chapter = actual === "NULL" ? "adapter-not-null-safe" : "unexpected-json-structure";
    const problem = `Expected ${expected} but was ${actual}${this.#place(path)}`;
    return new JavaError(`java.lang.IllegalStateException: ${problem}\nSee ${guide}#${chapter}`);
  }

  #readEscape(path: string): string {
    const character = this.#text[this.#position];
    if (character === undefined) throw this.malformed("Unterminated escape sequence", path);
    this.#position += 1;
    if (character === "u") return this.#readUnicodeEscape(path);
    if (sameEscapes.includes(character)) return character;
    const escaped = simpleEscapes[character];
    if (escaped === undefined) throw this.malformed("Invalid escape sequence", path);
    return escaped;
  }

  #readUnicodeEscape(path: string): string {
    const digits = this.#text.slice(this.#position, this.#position + 4);
    if (digits.length < 4) throw this.malformed("Unterminated escape sequence", path);
    if (!/^[0-9A-Fa-f]{4}$/.test(digits)) throw this.malformed(`Malformed Unicode escape \\u${digits}`, path);
    this.#position += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  /** False when the slash before the position begins no comment. */
  #skipComment(path: string): boolean {
    const next = this.#text[this.#position];
    if (next === "/") {
      this.#skipLine();
      return true;
    }
    if (next !== "*") return false;
    const end = this.#text.indexOf("*/", this.#position + 1);
    if (end < 0) {
      this.#position = Math.max(this.#position + 1, this.#text.length - 1);
      throw this.malformed("Unterminated comment", path);
    }
    this.#position = end + 2;
    return true;
  }

  #skipLine(): void {
    const end = this.#text.indexOf("\n", this.#position);
    this.#position = end < 0 ? this.#text.length : end + 1;
  }

  #place(path: string): string {
    const before = this.#text.slice(0, this.#position);
    const line = before.split("\n").length;
    const column = this.#position - (before.lastIndexOf("\n") + 1) + 1;
    return ` at line ${line} column ${column} path ${path}`;
  }
}

/** Negative zero is none: as a long it would lose its sign. */
function isWholeNumber(word: string): boolean {
  if (!/^(?:0|-?[1-9][0-9]*)$/.test(word)) return false;
  const value = BigInt(word);
  return value === BigInt.asIntN(64, value);
}
