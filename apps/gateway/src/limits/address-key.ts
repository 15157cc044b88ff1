import ipaddr from "ipaddr.js";
import { isIPv6 } from "node:net";

/**
 * Whom an address counts for: IPv6 by its /64, because every client has a whole one of those; IPv4 as itself, however
 * it is written. Text that is no address counts as itself.
 */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(":")}::/64`;
}
