import { describe, expect, it } from "vitest";
import { parseGson } from "./gson-reader.ts";

const malformed = "com.google.gson.stream.MalformedJsonException: ";
const guide = "\nSee https://github.com/google/gson/blob/main/Troubleshooting.md#";

describe("parseGson", () => {
  it.each([
    ['{"uid":"x"}', { uid: "x" }],
    ["// c\n{uid:'x'}", { uid: "x" }],
    ["# c\n/* d */ {uid=>x; b=1}", { uid: "x", b: 1 }],
    ['{"uids":["a",]}', { uids: ["a", null] }],
    ["{a:[,]}", { a: [null, null] }],
    ["{a:[1;2]}", { a: [1, 2] }],
    ["{a:0x10,b:+1,c:.5,d:Infinity,e:01,f:NaN}", { a: "0x10", b: "+1", c: ".5", d: "Infinity", e: "01", f: "NaN" }],
    ["{a:-2.5e3,b:0,c:12345678901234567890,d:-0}", { a: -2500, b: 0, c: 12345678901234567000, d: -0 }],
    ["{a:TRUE,b:False,c:null}", { a: true, b: false, c: null }],
    ["{a:'one\ntwo',b:'x\\\ny',c:\"\\u00e9\\t\\b\\n\\r\\f\\/\\'\"}", { a: "one\ntwo", b: "x\ny", c: "é\t\b\n\r\f/'" }],
    ['{"a":{"b":{},"b":2,"__proto__":[]}}', { a: { b: 2, ["__proto__"]: [] } }],
    ["[]", {}],
    ['[["a",1],["b",[]]]', { a: 1, b: [] }],
    [")]}'\n{a:1}", { a: 1 }],
    ["\ufeff{a:1}", { a: 1 }],
  ])("%j is taken", (text, expected) => {
    expect(toPlain(parseGson(text))).toEqual(expected);
  });

  it.each(["", " \n", "null", "NULL x", "// only a comment"])("%j is null", (text) => {
    expect(parseGson(text)).toBeNull();
  });

  it.each([
    ['{"uid":\n', "java.io.EOFException: End of input at line 2 column 1 path $."],
    ['{"a":1,}\n', `${malformed}Expected name at line 1 column 9 path $.${guide}malformed-json`],
    ["{,}", `${malformed}Expected name at line 1 column 2 path $.${guide}malformed-json`],
    ["{a 1}", `${malformed}Expected ':' at line 1 column 5 path $.${guide}malformed-json`],
    ["{a:1 b:2}", `${malformed}Unterminated object at line 1 column 7 path $.${guide}malformed-json`],
    ["{a:[1 2]}", `${malformed}Unterminated array at line 1 column 8 path $.[1]${guide}malformed-json`],
    ["{a:;}", `${malformed}Unexpected value at line 1 column 5 path $.${guide}malformed-json`],
    ['{"a":{"b":[1,{"c":}]}}', `${malformed}Expected value at line 1 column 19 path $..b[1].c${guide}malformed-json`],
    ["{a:'x", `${malformed}Unterminated string at line 1 column 6 path $.${guide}malformed-json`],
    ["{a:'\\", `${malformed}Unterminated escape sequence at line 1 column 6 path $.${guide}malformed-json`],
    ["{a:'\\x'}", `${malformed}Invalid escape sequence at line 1 column 7 path $.${guide}malformed-json`],
    ["{a:'\\u12", `${malformed}Unterminated escape sequence at line 1 column 7 path $.${guide}malformed-json`],
    ["{a:'\\u00zz'}", `${malformed}Malformed Unicode escape \\u00zz at line 1 column 7 path $.${guide}malformed-json`],
    ["/* open\n", `${malformed}Unterminated comment at line 1 column 8 path $${guide}malformed-json`],
    ["/", `${malformed}Expected value at line 1 column 1 path $${guide}malformed-json`],
    [
      "{} x",
      `${malformed}Use JsonReader.setStrictness(Strictness.LENIENT) to accept malformed JSON at line 1 column 5 path $${guide}malformed-json`,
    ],
    [
      '"x"',
      `java.lang.IllegalStateException: Expected BEGIN_OBJECT but was STRING at line 1 column 2 path $${guide}unexpected-json-structure`,
    ],
    [
      "5",
      `java.lang.IllegalStateException: Expected BEGIN_OBJECT but was NUMBER at line 1 column 2 path $${guide}unexpected-json-structure`,
    ],
    [
      "2.5",
      `java.lang.IllegalStateException: Expected BEGIN_OBJECT but was NUMBER at line 1 column 1 path $${guide}unexpected-json-structure`,
    ],
    [
      "[null]",
      `java.lang.IllegalStateException: Expected BEGIN_ARRAY but was NULL at line 1 column 6 path $[0]${guide}adapter-not-null-safe`,
    ],
    [
      "[[1,2,3]]",
      `java.lang.IllegalStateException: Expected END_ARRAY but was NUMBER at line 1 column 8 path $[0][2]${guide}unexpected-json-structure`,
    ],
    ["[[]]", "java.lang.IllegalStateException: Unexpected token: END_ARRAY"],
    ["[[,]]", "key == null"],
    ['{"a":1,"a":2}', "duplicate key: a"],
  ])("%j fails with Gson's words", (text, message) => {
    expect(() => parseGson(text)).toThrow(expect.objectContaining({ name: "JavaError", message }));
  });
});

function toPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toPlain);
  return value instanceof Map ? Object.fromEntries([...value].map(([key, item]) => [key, toPlain(item)])) : value;
}
