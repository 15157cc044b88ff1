import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toDomainName, toUnicodeName } from "./domain-name.ts";

describe("toDomainName", () => {
  it.each([
    ["example.com", "example.com"],
    ["EXAMPLE.Com", "example.com"],
    ["a-1.b--2.example.org", "a-1.b--2.example.org"],
    ["robin.local", "robin.local"],
    ["münchen.de", "xn--mnchen-3ya.de"],
    ["MÜNCHEN.DE", "xn--mnchen-3ya.de"],
    ["mu\u0308nchen.de", "xn--mnchen-3ya.de"],
    ["xn--mnchen-3ya.de", "xn--mnchen-3ya.de"],
    ["例え.テスト", "xn--r8jz45g.xn--zckzah"],
    [`${"a".repeat(63)}.de`, `${"a".repeat(63)}.de`],
  ])("reads %s as %s", (text, name) => {
    expect(toDomainName(text)).toBe(name);
    expect(toDomainName(toUnicodeName(name))).toBe(name);
  });

  it.each([
    "",
    ".",
    "localhost",
    "example.com.",
    ".example.com",
    "a..b",
    "-a.com",
    "a-.com",
    "a_b.com",
    "a b.com",
    "1.2.3.4",
    "0x7f.1",
    "example.1",
    "[::1]",
    "exa%6dple.com",
    "a@b.com",
    "*.example.com",
    "example。com",
    "xn--a.de",
    "xn--.de",
    "a\0b.com",
    "a\u200bb.com",
    "\ud800.com",
    `${"a".repeat(64)}.de`,
    `${"a.".repeat(127)}de`,
    "ü".repeat(63) + ".de",
  ])("refuses %j", (text) => {
    expect(toDomainName(text)).toBeUndefined();
  });

  it("gives the same again for whatever it gave", () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.string({ unit: "grapheme" })), (text) => {
        const name = toDomainName(text);
        if (name === undefined) return;
        expect(name).toMatch(/^[a-z0-9.-]{4,253}$/);
        expect(toDomainName(name)).toBe(name);
        expect(toDomainName(toUnicodeName(name))).toBe(name);
      }),
    );
  });
});
