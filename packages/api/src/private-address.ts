import { BlockList, isIP } from "node:net";

const privateRanges = new BlockList();
for (const [network, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
] as const) {
  privateRanges.addSubnet(network, prefix, "ipv4");
}
privateRanges.addAddress("::1", "ipv6");
privateRanges.addSubnet("fc00::", 7, "ipv6");
privateRanges.addSubnet("fe80::", 10, "ipv6");

/** Loopback, link-local or of a private network. Takes IPv4 as IPv6 sockets write it, too; false for what is none. */
export function isPrivateAddress(address: string | undefined): boolean {
  const plain = (address ?? "").replace(/%.*$/s, "").replace(/^::ffff:(?=\d+\.)/i, "");
  const version = isIP(plain);
  return version !== 0 && privateRanges.check(plain, version === 4 ? "ipv4" : "ipv6");
}
