import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFileName, encodeMailboxes, encodeText, foldWords } from "./header-text.ts";

/** As RFC 2047 reads it: blanks between encoded words are none. */
const decode = (value: string): string => {
  const unfolded = value.replaceAll("\r\n", "");
  if (!unfolded.startsWith("=?")) return unfolded;
  return unfolded
    .split(" ")
    .map((word) => Buffer.from(/^=\?UTF-8\?B\?([A-Za-z0-9+/=]+)\?=$/.exec(word)?.[1] ?? "?", "base64").toString())
    .join("");
};
const text = fc.string({ unit: "binary", minLength: 1, maxLength: 300 });

describe("encodeText", () => {
  it.each(["Lunch", "50% off, today only!", 'He said "no"', "a  b", "{date}"])("leaves %s alone", (subject) => {
    expect(encodeText(subject)).toBe(subject);
  });

  it.each(["{$date}", "about {$rcpt}", "=?UTF-8?Q?x?=", "Grüße", "日本語 🚀", "x".repeat(998)])(
    "encodes %s so that it reads the same",
    (subject) => {
      expect(encodeText(subject)).toMatch(/^=\?UTF-8\?B\?/);
      expect(decode(encodeText(subject))).toBe(subject);
    },
  );

  it("gives for any text short lines of ASCII without a tag, in words of 75 characters, that read the same", () => {
    fc.assert(
      fc.property(text, (subject) => {
        const encoded = encodeText(subject);
        expect(encoded).toMatch(/^[ -~]*(?:\r\n [!-~]{1,75})*$/);
        expect(encoded).not.toContain("{$");
        expect(decode(encoded)).toBe(subject);
      }),
    );
  });
});

describe("encodeMailboxes", () => {
  const address = "p@example.com";
  it.each([
    [undefined, "p@example.com"],
    ["Pepper Potts", "Pepper Potts <p@example.com>"],
    ["Potts, Pepper", '"Potts, Pepper" <p@example.com>'],
    ['a "b" \\ c', '"a \\"b\\" \\\\ c" <p@example.com>'],
    ["x> <evil@example.com", '"x> <evil@example.com" <p@example.com>'],
    ["{$mail}", "=?UTF-8?B?eyRtYWlsfQ==?= <p@example.com>"],
    ["Jürgen", "=?UTF-8?B?SsO8cmdlbg==?= <p@example.com>"],
  ])("writes the name %j as %s", (name, expected) => {
    expect(encodeMailboxes([{ ...(name !== undefined && { name }), address }])).toBe(expected);
  });

  it("puts each address on a line of its own", () => {
    expect(encodeMailboxes([{ address }, { address: "q@example.com" }])).toBe("p@example.com,\r\n q@example.com");
  });
});

describe("encodeFileName", () => {
  it.each([
    ["menu.pdf", 'filename="menu.pdf"'],
    ["report (1), final.pdf", 'filename="report (1), final.pdf"'],
    ['a"b.txt', "filename*=UTF-8''a%22b.txt"],
    ["{$date}.txt", "filename*=UTF-8''%7B%24date%7D.txt"],
    ["it's 100%.txt", "filename*=UTF-8''it%27s%20100%25.txt"],
    ["Menü.pdf", "filename*=UTF-8''Men%C3%BC.pdf"],
  ])("writes %s as %s", (name, expected) => {
    expect(encodeFileName(name)).toBe(expected);
  });

  it("stays within a line for the longest name", () => {
    expect(encodeFileName("ü".repeat(127)).length).toBeLessThan(900);
  });
});

describe("foldWords", () => {
  it("folds long lists between words only", () => {
    const ids = Array.from({ length: 40 }, (_, index) => `<${index}.${"x".repeat(60)}@example.com>`);
    const folded = foldWords(ids.join(" "));
    expect(folded.replaceAll("\r\n ", " ").split(" ")).toEqual(ids);
    expect(Math.max(...folded.split("\r\n").map((line) => line.length))).toBeLessThan(100);
  });
});
