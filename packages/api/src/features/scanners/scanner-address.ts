import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { ScannerFailure } from "./scanner-failure.ts";

export interface ScannerAddress {
  /** A name or an IP address, IPv6 without brackets. */
  host: string;
  port: number;
}

/** Where a scanner is to be reached. */
export interface ScannerTarget extends ScannerAddress {
  /** Named by the operator in the environment: anywhere is fine. Otherwise Robin's configuration says it. */
  trusted: boolean;
}

export function addressText({ host, port }: ScannerAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** As texts: a name counts as the name, whatever it leads to. */
export function sameAddress(one: ScannerAddress, other: ScannerAddress): boolean {
  return one.port === other.port && plainHost(one.host) === plainHost(other.host);
}

function plainHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

/** No scanner is there: this host, link-local and cloud metadata, multicast, and IPv6 forms that hide IPv4. */
const unsuitable = new BlockList();
for (const [net, prefix] of [
  ["0.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 3],
] as const) {
  unsuitable.addSubnet(net, prefix);
}
for (const [net, prefix] of [
  ["::", 128],
  ["fe80::", 10],
  ["ff00::", 8],
  ["64:ff9b::", 96],
  ["2002::", 16],
] as const) {
  unsuitable.addSubnet(net, prefix, "ipv6");
}
unsuitable.addAddress("fd00:ec2::254", "ipv6");

/** A name with more than these is none of a scanner's. */
const addressesMax = 4;

/**
 * The IP addresses to connect to, and no others: the name may lead elsewhere the next time it is looked up.
 * What Robin calls its own host is not ours, unless both share one.
 *
 * @throws ScannerFailure when there is none, or none that may be asked.
 */
export async function ipAddressesOf(target: ScannerTarget, { sharesHost }: { sharesHost: boolean }): Promise<string[]> {
  const found = await lookup(plainHost(target.host), { all: true }).catch((cause: unknown) => {
    throw new ScannerFailure("down", "the name cannot be resolved", { cause });
  });
  const addresses = found.map(({ address }) => address).slice(0, addressesMax);
  if (target.trusted) return addresses;
  const suitable = addresses.filter((address) => !isIn(unsuitable, address));
  if (suitable.length === 0) throw new ScannerFailure("unseen", "no scanner is asked at such an address");
  const visible = suitable.filter((address) => sharesHost || !isIn(loopback, address));
  if (visible.length === 0) throw new ScannerFailure("unseen", "Robin's own host is not the gateway's");
  return visible;
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
