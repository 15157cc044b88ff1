import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RobinInputError } from "./errors.ts";
import { pathSegment } from "./path-segment.ts";

/** What Robin does with a path: java.net.URI decodes once, URLDecoder once more, as a form. */
function decodedByRobin(segment: string): string {
  return decodeURIComponent(decodeURIComponent(segment).replaceAll("+", " "));
}

describe("pathSegment", () => {
  it.each([
    ["tony@example.com", "tony%2540example.com"],
    ["a+b", "a%252Bb"],
    ["100%", "100%2525"],
    ["100%25", "100%252525"],
    ["a b", "a%2520b"],
    ["a..b.eml", "a..b.eml"],
    ["Grüße", "Gr%25C3%25BC%25C3%259Fe"],
    ["?#&=;:", "%253F%2523%2526%253D%253B%253A"],
  ])("encodes %s twice, so that Robin reads it back", (value, encoded) => {
    expect(pathSegment(value)).toBe(encoded);
    expect(decodedByRobin(encoded)).toBe(value);
  });

  it.each(["", ".", "..", "a/b", "a\\b", "a\0b", "\ud800"])("refuses %j, which no encoding can address", (value) => {
    expect(() => pathSegment(value)).toThrow(RobinInputError);
  });

  it("survives Robin's two decodings and a URL for every other text", () => {
    const addressable = fc
      .string({ unit: "binary", minLength: 1 })
      .filter((value) => !/[/\\\0]/.test(value) && value !== "." && value !== "..");
    fc.assert(
      fc.property(addressable, (value) => {
        const segment = pathSegment(value);
        expect(decodedByRobin(segment)).toBe(value);
        expect(new URL(`http://robin/store/${segment}/x`).pathname).toBe(`/store/${segment}/x`);
      }),
    );
  });
});
