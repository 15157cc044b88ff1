import { describe, expect, it } from "vitest";
import { printGson } from "./gson-writer.ts";

describe("printGson", () => {
  it("indents by two, leaves out missing values and keeps nulls in lists", () => {
    expect(printGson({ a: 1, b: undefined, c: null, d: [null, true], e: {}, f: [] })).toBe(
      '{\n  "a": 1,\n  "d": [\n    null,\n    true\n  ],\n  "e": {},\n  "f": []\n}',
    );
  });

  it("escapes what HTML could stumble over", () => {
    expect(printGson("<a href='x'>&=\u2028\u0001\"é")).toBe(
      '"\\u003ca href\\u003d\\u0027x\\u0027\\u003e\\u0026\\u003d\\u2028\\u0001\\"é"',
    );
  });

  it.each([
    [1, "1.0"],
    [-0, "-0.0"],
    [1.5, "1.5"],
    [9999999, "9999999.0"],
    [12345678, "1.2345678E7"],
    [1e21, "1.0E21"],
    [0.001, "0.001"],
    [1e-5, "1.0E-5"],
  ])("prints the double %d as %s", (value, printed) => {
    expect(printGson(new Map([["n", { javaDouble: value }]]))).toBe(`{\n  "n": ${printed}\n}`);
  });
});
