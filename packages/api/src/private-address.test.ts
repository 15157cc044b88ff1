import { expect, it } from "vitest";
import { isPrivateAddress } from "./private-address.ts";

it.each(["127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1"])(
  "%s is private, also as an IPv6 socket writes it",
  (address) => {
    expect(isPrivateAddress(address)).toBe(true);
    expect(isPrivateAddress(`::ffff:${address}`)).toBe(true);
  },
);

it.each(["::1", "fd00::1", "fc00::", "fe80::1", "fe80::1%eth0"])("%s is private", (address) => {
  expect(isPrivateAddress(address)).toBe(true);
});

it.each([
  "8.8.8.8",
  "172.32.0.1",
  "172.15.255.255",
  "192.167.1.1",
  "11.0.0.1",
  "126.255.255.255",
  "0.0.0.0",
  "::",
  "2001:db8::1",
  "::ffff:8.8.8.8",
  "fec0::1",
  "localhost",
  "10.0.0",
  "10.0.0.1:80",
  "",
  undefined,
])("%j is not", (address) => {
  expect(isPrivateAddress(address)).toBe(false);
});
