import { createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ConfigFileError,
  type ConfigObject,
  type ConfigValue,
  mergeJson5,
  mergePatch,
  parseJson5,
  removeJson5,
  rewriteJson5,
  setJson5,
} from "./index.ts";

const clamav = `// Virus scanner
{
  enabled: false, // off until clamd runs
  /* where
     it listens */
  host: 'localhost',
  port: 3310,
  timeout: 5 // seconds
}
`;

describe("setJson5", { timeout: 30_000 }, () => {
  it("changes the value alone", () => {
    expect(setJson5(clamav, ["port"], 3311)).toBe(clamav.replace("3310", "3311"));
    expect(setJson5(clamav, ["timeout"], 30)).toBe(clamav.replace("5 //", "30 //"));
    expect(setJson5(clamav, ["host"], "a\n'b'\"")).toBe(clamav.replace("'localhost'", `"a\\n'b'\\""`));
  });

  it("keeps every byte when the value is there already", () => {
    const text = `{ a : 25.0 , 'b':[ 1,2 ] , c:{} , "d": "\\u0041" }  `;
    expect(setJson5(text, ["a"], 25)).toBe(text);
    expect(rewriteJson5(text, { a: 25, b: [1, 2], c: {}, d: "A" })).toBe(text);
  });

  it("adds at the end, in the style of the file", () => {
    expect(setJson5(clamav, ["onVirus"], "reject")).toBe(
      clamav.replace("5 // seconds\n", `5, // seconds\n  onVirus: "reject"\n`),
    );
    expect(setJson5(`{ "a": 1 }`, ["b"], 2)).toBe(`{ "a": 1, "b": 2 }`);
    expect(setJson5(`{\r\n\ta: 1\r\n}`, ["b"], { c: "d" })).toBe(`{\r\n\ta: 1,\r\n\tb: { c: "d" }\r\n}`);
    expect(setJson5(`{}`, ["a", "b"], true)).toBe(`{\n  a: { b: true }\n}`);
    expect(setJson5(`{ a: 1 // one\n}`, ["b"], 2)).toBe(`{ a: 1, // one\n  b: 2\n}`);
    expect(setJson5(`{ // nothing\n}`, ["b"], 2)).toBe(`{ // nothing\n  b: 2\n}`);
    expect(setJson5("", ["a"], 1)).toBe("{ a: 1 }\n");
    expect(setJson5("// head", ["a"], 1)).toBe("// head\n{ a: 1 }\n");
  });

  it("keeps comments between the elements of a list that stay", () => {
    const text = `{ entries: [\n  "10.0.0.1", // first\n  "10.0.0.2", // second\n  // a net\n  "10.1.0.0/16" // last\n] }`;
    const values = ["10.0.0.1", "10.0.0.2", "10.1.0.0/16"];
    expect(setJson5(text, ["entries"], [...values, "192.0.2.1"])).toBe(
      text.replace(`16" // last`, `16", // last\n  "192.0.2.1"`),
    );
    expect(setJson5(text, ["entries"], values.toSpliced(1, 1))).toBe(text.replace(`\n  "10.0.0.2", // second`, ""));
    expect(setJson5(text, ["entries"], values.slice(0, 2))).toBe(
      `{ entries: [\n  "10.0.0.1", // first\n  "10.0.0.2" // second\n  // a net\n] }`,
    );
    expect(setJson5(text, ["entries"], values.toSpliced(1, 0, "::1"))).toBe(
      text.replace("// first", `// first\n  "::1",`),
    );
    expect(setJson5(text, ["entries"], ["::1", ...values])).toBe(text.replace(`"10.0.0.1"`, `"::1",\n  "10.0.0.1"`));
    expect(parseJson5(setJson5(text, ["entries"], []))).toEqual({ entries: [] });
  });

  it("makes a text with magic expressions out of one", () => {
    expect(parseJson5(setJson5(`{ a: '{$dbPassword}' }`, ["b"], "{$secret}"))).toEqual({
      a: "{$dbPassword}",
      b: "{$secret}",
    });
  });

  it("gets over a long row of comments, and over one long comment", () => {
    for (const row of ["/* x */ ".repeat(100_000), `/*${" ".repeat(800_000)}*/`]) {
      expect(parseJson5(removeJson5(`{ a: 1, ${row} b: 2 }`, ["a"]))).toEqual({ b: 2 });
      expect(parseJson5(removeJson5(`{\n  a: 1, ${row}\n  b: 2\n}`, ["a"]))).toEqual({ b: 2 });
    }
  });

  it("adds ten thousand elements in one go", () => {
    const entries = Array.from({ length: 10_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    const text = setJson5("{ entries: [] }", ["entries"], entries);
    expect(parseJson5(setJson5(text, ["entries"], entries.slice(0, 5000)))).toEqual({
      entries: entries.slice(0, 5000),
    });
  });
});

describe("removeJson5", () => {
  it("takes a line with its comment, and the comma that is no longer needed", () => {
    expect(removeJson5(clamav, ["enabled"])).toBe(clamav.replace("\n  enabled: false, // off until clamd runs", ""));
    expect(removeJson5(clamav, ["timeout"])).toBe(clamav.replace("3310,\n  timeout: 5 // seconds", "3310"));
    expect(removeJson5(`{ a: 1, b: 2, c: 3 }`, ["a"])).toBe(`{ b: 2, c: 3 }`);
    expect(removeJson5(`{ a: 1, b: 2, c: 3 }`, ["c"])).toBe(`{ a: 1, b: 2 }`);
    expect(removeJson5(`{ a: { b: 2 } }`, ["a", "b"])).toBe(`{ a: { } }`);
    expect(removeJson5(clamav, ["absent", "deeper"])).toBe(clamav);
  });
});

describe("mergeJson5", () => {
  it("goes into objects, removes with null and leaves what it does not name", () => {
    const text = `{\n  retry: { totalRetries: 30, growthFactor: 1.2 }, // schedule\n  other: [1]\n}`;
    expect(mergeJson5(text, { retry: { totalRetries: 20, growthFactor: null }, made: { deep: 1 } })).toBe(
      `{\n  retry: { totalRetries: 20 }, // schedule\n  other: [1],\n  made: { deep: 1 }\n}`,
    );
  });

  it("touches no prototype", () => {
    const patch = JSON.parse(
      `{ "__proto__": { "polluted": true }, "constructor": { "prototype": { "polluted": 1 } } }`,
    ) as ConfigObject;
    const value = parseJson5(mergeJson5("{ a: 1 }", patch));
    expect(Object.keys(value)).toEqual(["a", "__proto__", "constructor"]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("parseJson5", () => {
  it("reads as Robin does: odd numbers are texts, a comma at a list's end is a null", () => {
    expect(parseJson5(`{ a: 0x10, b: +1, c: .5, d: -Infinity, e: [1,], f: 'a\\\nb', g: -0, h: 1.02424E7 }`)).toEqual({
      a: "0x10",
      b: "+1",
      c: ".5",
      d: "-Infinity",
      e: [1, null],
      f: "a\nb",
      g: 0,
      h: 10_242_400,
    });
    expect(parseJson5("\uFEFF// only a comment")).toEqual({});
  });

  it.each([
    ["{ a: 1, }", "line 1: Robin allows no comma before a brace"],
    ["{\n a: 1,\n a: 2 }", "line 3: the name is there twice"],
    [`{ a: "\\x41" }`, "line 1: Robin does not know an escape in this text"],
    ["{ \\u0061: 1 }", "line 1: Robin reads no escapes in bare names"],
    ["{\u00a0a: 1 }", "line 1: Robin reads no such blank"],
    ["[1]", "line 1: an object in braces is expected"],
    ["{ a: 1 } b", "line 1: Unexpected token Identifier found"],
    ["{}\n// end", "line 1: Robin allows no comment at the end"],
    ["# comment\n{}", "line 1: Unexpected character '#' found"],
    ["{ a: ", "line 1: Unexpected end of input found"],
    [`{ a: ${"[".repeat(200_000)}`, "line 1: the values are nested too deeply"],
  ])("refuses %j", (text, message) => {
    const error = thrownBy(() => parseJson5(text));
    expect(error).toBeInstanceOf(ConfigFileError);
    expect(error).toMatchObject({ kind: "syntax", message });
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

const key = fc.oneof(
  fc.constantFrom("a", "b", "host", "null", "true", "__proto__", "constructor", "a-b", "a.b", "", "ä", "$x", "1"),
  fc.string({ unit: "grapheme", maxLength: 5 }),
);
const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("{$magic}", "// no comment", "/*", "\\", "\"'", "\u2028", "1e999"),
);
const { object } = fc.letrec<{ value: ConfigValue; object: ConfigObject }>((tie) => ({
  object: fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object"),
  ),
}));
const normal = (value: ConfigObject) => JSON.parse(JSON.stringify(value)) as ConfigObject;

/** A text with the values, laid out and commented as people do. Each comment is another. */
const written = fc.tuple(object, fc.array(fc.nat(9), { minLength: 50, maxLength: 50 })).map(([value, dice]) => {
  let rolls = 0;
  let comments = 0;
  const roll = () => dice[rolls++ % dice.length] ?? 0;
  const gap = (): string => {
    const kind = roll();
    if (kind < 4) return " ";
    if (kind < 6) return "\n  ";
    if (kind === 6) return ` /* c${comments++}; */ `;
    if (kind === 7) return ` // c${comments++};\n`;
    return kind === 8 ? `\n    // c${comments++};\n    ` : "";
  };
  const write = (part: ConfigValue): string => {
    if (Array.isArray(part)) return `[${part.map((item) => gap() + write(item) + gap()).join(",")}${gap()}]`;
    if (typeof part !== "object" || part === null) return JSON.stringify(part);
    const members = Object.entries(part).map(([name, item]) => {
      const bare = /^(?!null$|true$)[A-Za-z_]\w*$/.test(name) && roll() < 5;
      return `${gap()}${bare ? name : JSON.stringify(name)}${gap()}:${gap()}${write(item)}${gap()}`;
    });
    return `{${members.join(",")}${gap()}}`;
  };
  return { text: `${gap()}${write(value)}\n`, value };
});

describe("with texts of every kind", { timeout: 30_000 }, () => {
  it("a rewritten text has exactly the wanted values", () => {
    fc.assert(
      fc.property(written, object, ({ text, value }, wanted) => {
        expect(parseJson5(text)).toEqual(normal(value));
        expect(parseJson5(rewriteJson5(text, wanted))).toEqual(normal(wanted));
        expect(rewriteJson5(text, value)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it("a merge has the values of RFC 7396", () => {
    fc.assert(
      fc.property(written, object, ({ text, value }, patch) => {
        expect(parseJson5(mergeJson5(text, patch))).toEqual(
          normal(mergePatch(normal(value), normal(patch)) as ConfigObject),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("a key that is set or added keeps every other byte and all comments", () => {
    fc.assert(
      fc.property(written, scalar, ({ text, value }, added) => {
        const result = setJson5(text, ["added key"], added);
        const comments = (of: string) => of.match(/c\d+;/g) ?? [];
        expect(comments(result)).toEqual(comments(text));
        // Nothing but the new member, a comma and blanks came in, and nothing went.
        const member = new RegExp(`,?\\s*"added key": ${escapeRegExp(JSON.stringify(added))}\\s*(?=})`);
        if (Object.keys(value).length > 0 && !Object.hasOwn(value, "added key")) {
          expect(result.length).toBeGreaterThan(text.length);
          expect(isWithin(text, result)).toBe(true);
          expect(result).toMatch(/"added key": /);
        } else expect(result).toMatch(member);
      }),
      { numRuns: 300 },
    );
  });
});

const escapeRegExp = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** All characters of `part` are in `whole`, in their order. */
function isWithin(part: string, whole: string): boolean {
  let at = 0;
  for (const character of whole) if (part.startsWith(character, at)) at += character.length;
  return at === part.length;
}

describe("Robin", { timeout: 30_000 }, () => {
  let robin: RobinSimulator;
  beforeAll(async () => {
    robin = await createRobinSimulator({ items: 0 });
  });
  afterAll(() => robin.close());

  async function readByRobin(text: string): Promise<unknown> {
    robin.config.write("storage.json5", text);
    await fetch(`${robin.serviceUrl}/config/reload`, { method: "POST" });
    const page = await (await fetch(`${robin.serviceUrl}/config`)).text();
    const json = /<h2>Storage Configuration<\/h2><pre>([^<]*)<\/pre>/.exec(page)?.[1];
    return JSON.parse((json ?? "{}").replaceAll("&quot;", '"')) as unknown;
  }

  it("reads the same values out of what was written", async () => {
    await fc.assert(
      fc.asyncProperty(written, object, async ({ text, value }, wanted) => {
        expect(await readByRobin(text)).toEqual(shown(value));
        expect(await readByRobin(rewriteJson5(text, wanted))).toEqual(shown(wanted));
      }),
      { numRuns: 60 },
    );
  });
});

/** As Robin's page shows it: without the members that are null. */
function shown(value: ConfigValue): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, part: ConfigValue) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).filter(([, item]) => item !== null))
        : part,
    ),
  ) as unknown;
}
