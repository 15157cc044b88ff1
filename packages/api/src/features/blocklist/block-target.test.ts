import { describe, expect, it } from "vitest";
import { dangerOf, readTarget } from "./block-target.ts";

function target(text: string) {
  const read = readTarget(text);
  if ("problem" in read) throw new Error(read.problem);
  return read;
}

describe("what is read", () => {
  it.each([
    ["192.0.2.1", "IP", "192.0.2.1"],
    ["2001:DB8:0:0:0:0:0:1", "IP", "2001:db8::1"],
    ["2001:0db8:0000:0000:0001:0000:0000:0001", "IP", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "IP", "2001:db8:0:1:1:1:1:1"],
    ["::ffff:192.0.2.1", "IP", "192.0.2.1"],
    ["0:0:0:0:0:FFFF:192.0.2.1", "IP", "192.0.2.1"],
    ["::ffff:c000:201", "IP", "192.0.2.1"],
    ["192.0.2.0/24", "CIDR", "192.0.2.0/24"],
    ["2001:db8:0::/48", "CIDR", "2001:db8::/48"],
    ["::ffff:192.0.2.0/120", "CIDR", "192.0.2.0/24"],
    ["192.0.2.1/32", "IP", "192.0.2.1"],
    ["2001:db8::1/128", "IP", "2001:db8::1"],
    ["0.0.0.0/0", "CIDR", "0.0.0.0/0"],
    ["::/0", "CIDR", "::/0"],
    ["MÜNCHEN.example", "DOMAIN", "xn--mnchen-3ya.example"],
  ])("takes %s as the %s %s", (text, type, value) => {
    const network = type === "DOMAIN" ? null : value;
    expect(target(text)).toMatchObject({ type, value, network });
  });

  it.each([
    "",
    "192.0.2",
    "192.0.2.256",
    "010.0.0.1",
    "0x7f000001",
    "1",
    "fe80::1%eth0",
    "::192.0.2.1",
    "1::2::3",
    "localhost",
    "*.example.com",
    "a b.example",
  ])("refuses %j", (text) => {
    expect(readTarget(text)).toStrictEqual({ problem: "is neither an address, a network nor a domain" });
  });

  it.each([
    "192.0.2.0/33",
    "192.0.2.0/",
    "192.0.2.0/-1",
    "192.0.2.0/2 4",
    "2001:db8::/129",
    "::ffff:0.0.0.0/95",
    "a/24",
  ])("refuses %j as no network", (text) => {
    expect(readTarget(text)).toStrictEqual({ problem: "is not a network, such as 192.0.2.0/24 or 2001:db8::/32" });
  });

  it.each([
    ["192.0.2.1/24", "192.0.2.0/24"],
    ["2001:db8::1/32", "2001:db8::/32"],
    ["::ffff:192.0.2.1/120", "192.0.2.0/24"],
  ])("refuses %s, which has more bits than its prefix, and names %s", (text, network) => {
    expect(readTarget(text)).toStrictEqual({
      problem: `is an address within ${network}: write that, or the address alone`,
    });
  });
});

describe("what is dangerous", () => {
  it.each([
    ["0.0.0.0/0", "a large part of the Internet"],
    ["64.0.0.0/7", "a large part of the Internet"],
    ["::/0", "a large part of the Internet"],
    ["2000::/15", "a large part of the Internet"],
    ["127.0.0.1", "Robin's own host"],
    ["127.0.0.0/16", "Robin's own host"],
    ["0.0.0.0", "Robin's own host"],
    ["::1", "Robin's own host"],
    ["::/64", "Robin's own host"],
    ["::ffff:127.0.0.1", "Robin's own host"],
    ["203.0.113.7", "where you come from yourself"],
    ["203.0.113.0/24", "where you come from yourself"],
  ])("%s is %s", (text, reason) => {
    expect(dangerOf(target(text), "203.0.113.7")).toContain(reason);
  });

  it.each(["10.0.0.0/8", "128.0.0.0/8", "203.0.113.8", "2001::/16", "example.com"])("%s is not", (text) => {
    expect(dangerOf(target(text), "203.0.113.7")).toBeUndefined();
    expect(dangerOf(target(text), "")).toBeUndefined();
  });

  it("knows the caller by IPv6 as well", () => {
    expect(dangerOf(target("2001:db8::/32"), "2001:db8::9")).toContain("where you come from");
    expect(dangerOf(target("2001:db8::/32"), "192.0.2.1")).toBeUndefined();
  });
});
