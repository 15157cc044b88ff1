import { describe, expect, it } from "vitest";
import { readAddress, readMailbox } from "./mail-address.ts";

describe("readMailbox", () => {
  it.each([
    ["pepper@example.com", { address: "pepper@example.com" }],
    ["  Pepper.Potts+a@Example.COM ", { address: "Pepper.Potts+a@example.com" }],
    ["<pepper@example.com>", { address: "pepper@example.com" }],
    ["Pepper Potts <pepper@example.com>", { name: "Pepper Potts", address: "pepper@example.com" }],
    ['"Potts, Pepper" <pepper@example.com>', { name: "Potts, Pepper", address: "pepper@example.com" }],
    ['"a \\"b\\" \\\\" <p@example.com>', { name: 'a "b" \\', address: "p@example.com" }],
    ["Jürgen 🚀 <j@bücher.example>", { name: "Jürgen 🚀", address: "j@xn--bcher-kva.example" }],
    ["{$mail} <p@example.com>", { name: "{$mail}", address: "p@example.com" }],
  ])("reads %s", (text, expected) => {
    expect(readMailbox(text)).toEqual(expected);
  });

  it.each([
    "",
    "pepper",
    "@example.com",
    "pepper@",
    "pepper@localhost",
    "a@b@example.com",
    "a b@example.com",
    "a,b@example.com",
    '"a b"@example.com',
    ".a@example.com",
    "a..b@example.com",
    "a@[127.0.0.1]",
    "a@example.com\r\nBcc: evil@example.com",
    "a@example.com, evil@example.com",
    "A <a@example.com> <evil@example.com>",
    "A <a@example.com>, evil@example.com",
    "a@example.com\n",
    "\ta@example.com",
    "A\r\nBcc: evil@example.com <a@example.com>",
    "A\0 <a@example.com>",
    "A\ud800 <a@example.com>",
    `${"n".repeat(201)} <a@example.com>`,
    `${"x".repeat(65)}@example.com`,
    `abc@${"x".repeat(60)}.${"y".repeat(60)}.${"z".repeat(60)}.${"w".repeat(60)}.example`,
  ])("refuses %j", (text) => {
    expect(readMailbox(text)).toHaveProperty("problem");
  });
});

describe("readAddress", () => {
  it.each([
    ["{$mail}@example.com", "Robin would replace"],
    ["a{$rcpt}@example.com", "Robin would replace"],
    ["jürgen@example.com", "letters before the @"],
  ])("says of %s that it %s", (text, problem) => {
    expect(readAddress(text)).toEqual({ problem: expect.stringContaining(problem) as string });
  });
});
