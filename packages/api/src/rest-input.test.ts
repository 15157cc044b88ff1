import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AppError } from "./errors.ts";
import {
  boolParam,
  decodePathParameters,
  Instant,
  instantParam,
  intParam,
  listParam,
  NoInput,
  rowIdParam,
  textParam,
} from "./rest-input.ts";

describe("intParam", () => {
  const param = intParam({ min: -5, max: 1000, description: "x" });

  it("reads a number and its digits alike", () => {
    fc.assert(
      fc.property(fc.integer({ min: -5, max: 1000 }), (number) => {
        expect(param.parse(number)).toBe(number);
        expect(param.parse(String(number))).toBe(number);
      }),
    );
  });

  it("refuses whatever is outside of the range, as a number and as text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ max: -6 }), fc.integer({ min: 1001 })), (number) => {
        expect(param.safeParse(number).success).toBe(false);
        expect(param.safeParse(String(number)).success).toBe(false);
      }),
    );
  });

  it.each([
    "",
    " ",
    "5 ",
    " 5",
    "+5",
    "5.0",
    "1.5",
    "1e2",
    "0x5",
    "5n",
    "٥",
    "NaN",
    "Infinity",
    "--5",
    "true",
    "9".repeat(16),
    true,
    null,
    [5],
    ["5"],
    {},
    5n,
    1.5,
    Number.NaN,
    Infinity,
  ])("refuses %s", (value) => {
    expect(param.safeParse(value).success).toBe(false);
  });

  it("names the field's own path and no other in its issues", () => {
    const result = z.strictObject({ limit: param }).safeParse({ limit: "x" });
    expect(result.error?.issues.map(({ path }) => path)).toEqual([["limit"]]);
  });
});

describe("boolParam", () => {
  const param = boolParam("x");

  it.each([
    [true, true],
    [false, false],
    ["true", true],
    ["false", false],
  ])("reads %o as %s", (value, meaning) => {
    expect(param.parse(value)).toBe(meaning);
  });

  it.each(["", "TRUE", "False", "yes", "no", "on", "1", "0", " true", 1, 0, null, [], [true], {}])(
    "refuses %o",
    (value) => {
      expect(param.safeParse(value).success).toBe(false);
    },
  );
});

describe("listParam", () => {
  const param = listParam(["A", "B", "C"], "x");

  it.each([
    ["A", ["A"]],
    ["A,B", ["A", "B"]],
    [" B , A ", ["B", "A"]],
    ["A,A,B,A", ["A", "B"]],
    [["A"], ["A"]],
    [
      ["C", "A", "C"],
      ["C", "A"],
    ],
  ])("reads %o as %o", (value, meaning) => {
    expect(param.parse(value)).toEqual(meaning);
  });

  it.each(["", ",", "A,", "a", "D", "A;B", "A B", [], ["A,B"], ["A", "D"], ["A", "B", "C", "A"], [["A"]], 7, null, {}])(
    "refuses %o",
    (value) => {
      expect(param.safeParse(value).success).toBe(false);
    },
  );
});

describe("Instant", () => {
  it("is a Date and nothing else", () => {
    const date = new Date("2026-01-29T10:00:00Z");
    expect(Instant.parse(date)).toBe(date);
    for (const value of ["2026-01-29T10:00:00Z", 0, new Date(Number.NaN)])
      expect(Instant.safeParse(value).success).toBe(false);
  });
});

describe("NoInput", () => {
  it("takes nothing or an empty object, and no field", () => {
    expect(NoInput.safeParse(undefined).success).toBe(true);
    expect(NoInput.safeParse({}).success).toBe(true);
    for (const value of [{ a: 1 }, null, [], "", 0]) expect(NoInput.safeParse(value).success).toBe(false);
  });
});

describe("decodePathParameters", () => {
  const path = "/queue/{uid}/parts/{part}";

  it("decodes what the path names, once, and leaves the rest as it is", () => {
    const input = { uid: "a%2540b%2Fc", part: "%F0%9F%9A%80", note: "100%25", count: 5 };
    expect(decodePathParameters(path, input)).toEqual({ uid: "a%40b/c", part: "🚀", note: "100%25", count: 5 });
    expect(input.uid).toBe("a%2540b%2Fc");
  });

  it("undoes encodeURIComponent for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (uid) => {
        expect(decodePathParameters(path, { uid: encodeURIComponent(uid) })).toEqual({ uid });
      }),
    );
  });

  it("leaves an input alone when the path names no parameter, or when it is no object", () => {
    const input = { uid: "%40" };
    expect(decodePathParameters("/queue", input)).toBe(input);
    for (const value of [undefined, null, "%40", 7]) expect(decodePathParameters(path, value)).toBe(value);
  });

  it("keeps a key called __proto__ a key", () => {
    const input = JSON.parse('{"__proto__":{"polluted":true},"uid":"x"}') as object;
    const decoded = decodePathParameters(path, input) as object;
    expect(Object.keys(decoded)).toEqual(["__proto__", "uid"]);
    expect("polluted" in decoded).toBe(false);
  });

  it.each(["%", "%z", "%zz", "%C3", "%E0%A4%A", "%FF", "%u0041", "a%"])("refuses %s, naming the parameter", (uid) => {
    const decode = () => decodePathParameters(path, { uid });
    expect(decode).toThrow(AppError);
    expect(decode).toThrow(
      expect.objectContaining({
        code: "invalid_input",
        issues: [{ path: "uid", message: "is not valid percent-encoding" }],
      }) as Error,
    );
  });
});

describe("instantParam", () => {
  const param = instantParam("x");

  it.each(["2026-01-29T10:00:00Z", "2026-01-29T10:00:00.000Z", "2026-01-29T11:00:00+01:00"])("reads %s", (text) => {
    expect(param.parse(text)).toEqual(new Date("2026-01-29T10:00:00Z"));
  });

  it("reads the text of every Date that it takes as that Date", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true }), (date) => {
        expect(param.parse(date)).toEqual(date);
        expect(param.parse(date.toISOString())).toEqual(date);
      }),
    );
  });

  it.each([
    "",
    "now",
    "2026-01-29",
    "2026-01-29T10:00:00",
    "2026-01-29T10:00Z",
    "2026-02-30T10:00:00Z",
    "2026-01-29T25:00:00Z",
    "0000-01-01T00:00:00Z",
    "1969-12-31T23:59:59.999Z",
    "+010000-01-01T00:00:00Z",
    "1769680800000",
    1_769_680_800_000,
    null,
    new Date(Number.NaN),
    new Date(-1),
    new Date(8.64e15),
  ])("refuses %s, which PostgreSQL might not hold or means no one instant", (value) => {
    expect(param.safeParse(value).success).toBe(false);
  });
});

describe("textParam", () => {
  const param = textParam({ charsMax: 5, description: "x" });

  it("trims and keeps everything else", () => {
    expect(param.parse(" aé% ")).toBe("aé%");
  });

  it.each(["a\0b", "a\nb", "\ud800", "a\u0085", "123456", 5, null])("refuses %j", (value) => {
    expect(param.safeParse(value).success).toBe(false);
  });
});

describe("rowIdParam", () => {
  it.each([0, -1, 2_147_483_648, "0", "1.5", "x"])("refuses %s", (value) => {
    expect(rowIdParam("x").safeParse(value).success).toBe(false);
  });
});
