import { JavaError } from "./java-error.ts";
import { GsonText } from "./gson-tokens.ts";
import type { GsonToken } from "./gson-tokens.ts";

/** Gson's Map<String, Object>: every number is a Java double. A Map keeps keys such as `__proto__` harmless. */
export type GsonMap = Map<string, GsonValue>;
export type GsonValue = null | string | number | boolean | GsonValue[] | GsonMap;

/**
 * Reads what Gson's lenient mode reads into a map, which is neither JSON nor JSON5: a trailing comma is an error in an object
 * and a null in an array, `#` begins a comment, `=` and `;` stand for `:` and `,`.
 * Null for an empty text and for `null`. Throws a JavaError with Gson's words, place and path for anything else.
 */
export function parseGson(text: string): GsonMap | null {
  const source = new GsonText(text);
  if (source.nextSignificant("$") === undefined) return null;
  source.stepBack();
  source.skipSecurityPrefix();
  const map = new GsonReader(source).readRoot();
  if (map !== null) source.requireEnd();
  return map;
}

interface Container {
  readonly isArray: boolean;
  index: number;
  /** The name that error paths show; the root object's entries never set it. */
  name: string;
  isFirst: boolean;
}

class GsonReader {
  readonly #source: GsonText;
  readonly #containers: Container[] = [];

  constructor(source: GsonText) {
    this.#source = source;
  }

  readRoot(): GsonMap | null {
    const token = this.#nextValue();
    if (token.kind === "NULL") return null;
    if (token.kind === "BEGIN_ARRAY") return this.#readPairs();
    if (token.kind !== "BEGIN_OBJECT") throw this.#source.unexpected("BEGIN_OBJECT", token.kind, this.#path());
    const map: GsonMap = new Map();
    this.#open(false);
    for (let name = this.#nextName(); name !== undefined; name = this.#nextName()) {
      this.#afterName();
      this.#put(map, name, this.#readValue(this.#nextValue()));
    }
    this.#close();
    return map;
  }

  /** Gson also takes a list of pairs for a map. */
  #readPairs(): GsonMap {
    const map: GsonMap = new Map();
    this.#open(true);
    for (let token = this.#nextElement(); token.kind !== "END_ARRAY"; token = this.#nextElement()) {
      if (token.kind !== "BEGIN_ARRAY") throw this.#source.unexpected("BEGIN_ARRAY", token.kind, this.#path());
      this.#open(true);
      const key = this.#readValue(this.#nextElement());
      const value = this.#readValue(this.#nextElement());
      if (key === null) throw new JavaError("key == null");
      this.#put(map, typeof key === "string" ? key : JSON.stringify(key), value);
      const end = this.#nextElement();
      if (end.kind !== "END_ARRAY") throw this.#source.unexpected("END_ARRAY", end.kind, this.#path());
      this.#close();
    }
    this.#close();
    return map;
  }

  #put(map: GsonMap, name: string, value: GsonValue): void {
    if (map.has(name)) throw new JavaError(`duplicate key: ${name}`);
    map.set(name, value);
  }

  #readValue(token: GsonToken): GsonValue {
    switch (token.kind) {
      case "BEGIN_OBJECT":
        return this.#readObject();
      case "BEGIN_ARRAY":
        return this.#readArray();
      case "END_ARRAY":
        throw new JavaError("java.lang.IllegalStateException: Unexpected token: END_ARRAY");
      case "STRING":
      case "NUMBER":
      case "BOOLEAN":
      case "NULL": {
        const value = token.read();
        this.#count();
        return value;
      }
    }
  }

  #readObject(): GsonMap {
    const map: GsonMap = new Map();
    this.#open(false);
    for (let name = this.#nextName(); name !== undefined; name = this.#nextName()) {
      this.#top().name = name;
      this.#afterName();
      map.set(name, this.#readValue(this.#nextValue()));
    }
    this.#close();
    return map;
  }

  #readArray(): GsonValue[] {
    const values: GsonValue[] = [];
    this.#open(true);
    for (let token = this.#nextElement(); token.kind !== "END_ARRAY"; token = this.#nextElement())
      values.push(this.#readValue(token));
    this.#close();
    return values;
  }

  /** Undefined at the object's end. */
  #nextName(): string | undefined {
    const path = this.#path();
    const container = this.#top();
    if (!container.isFirst) {
      const separator = this.#source.requireSignificant(path);
      if (separator === "}") return undefined;
      if (separator !== "," && separator !== ";") throw this.#source.malformed("Unterminated object", path);
    }
    const character = this.#source.requireSignificant(path);
    if (character === "}" && container.isFirst) return undefined;
    container.isFirst = false;
    if (character === '"' || character === "'") return this.#source.readQuoted(character, path);
    // Gson has not read the character yet when it finds that no name can begin with it, a brace excepted.
    if (character === "}") throw this.#source.malformed("Expected name", path);
    this.#source.stepBack();
    if (!this.#source.isWordStart(character)) throw this.#source.malformed("Expected name", path);
    return this.#source.readWord();
  }

  #afterName(): void {
    const path = this.#path();
    const character = this.#source.requireSignificant(path);
    if (character === "=") this.#source.skipIfNext(">");
    else if (character !== ":") throw this.#source.malformed("Expected ':'", path);
  }

  /** The next element of an array or END_ARRAY; a missing element is a null. */
  #nextElement(): GsonToken {
    const path = this.#path();
    const container = this.#top();
    if (!container.isFirst) {
      const separator = this.#source.requireSignificant(path);
      if (separator === "]") return { kind: "END_ARRAY" };
      if (separator !== "," && separator !== ";") throw this.#source.malformed("Unterminated array", path);
    }
    const wasFirst = container.isFirst;
    container.isFirst = false;
    const character = this.#source.requireSignificant(path);
    if (character === "]" && wasFirst) return { kind: "END_ARRAY" };
    this.#source.stepBack();
    return "],;".includes(character) ? { kind: "NULL", read: () => null } : this.#nextValue();
  }

  #nextValue(): GsonToken {
    const path = this.#path();
    const character = this.#source.requireSignificant(path);
    if (character === "{") return { kind: "BEGIN_OBJECT" };
    if (character === "[") return { kind: "BEGIN_ARRAY" };
    if (character === '"' || character === "'")
      return { kind: "STRING", read: () => this.#source.readQuoted(character, path) };
    if (",;]".includes(character)) throw this.#source.malformed("Unexpected value", path);
    this.#source.stepBack();
    if (!this.#source.isWordStart(character)) throw this.#source.malformed("Expected value", path);
    return this.#source.nextLiteral();
  }

  #top(): Container {
    const container = this.#containers.at(-1);
    if (container === undefined) throw new Error("no container is open");
    return container;
  }

  #open(isArray: boolean): void {
    this.#containers.push({ isArray, index: 0, name: "", isFirst: true });
  }

  #close(): void {
    this.#containers.pop();
    this.#count();
  }

  #count(): void {
    const container = this.#containers.at(-1);
    if (container !== undefined) container.index += 1;
  }

  #path(): string {
    return `$${this.#containers.map(({ isArray, index, name }) => (isArray ? `[${index}]` : `.${name}`)).join("")}`;
  }
}
