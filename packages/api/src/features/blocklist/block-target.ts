import ipaddr from "ipaddr.js";
import { isIP } from "node:net";
import { toDomainName } from "../domains/domain-name.ts";

export type BlockType = "IP" | "CIDR" | "DOMAIN";

export interface BlockTarget {
  /** What was written. A network of one address is stored as that address. */
  writtenAs: BlockType;
  type: BlockType;
  /** In its one canonical form: whatever means the same is the same text. */
  value: string;
  /** The value again where it is an address or a network. */
  network: string | null;
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [address: Address, prefix: number];

/** Reads an address, a network or a domain; an IPv4 address written as IPv6 (`::ffff:192.0.2.1`) is one of IPv4. */
export function readTarget(text: string): BlockTarget | { problem: string } {
  if (text.includes("/")) return readNetwork(text);
  const address = readAddress(text);
  if (address) return { writtenAs: "IP", type: "IP", value: address.toString(), network: address.toString() };
  const domain = toDomainName(text);
  if (domain === undefined) return { problem: "is neither an address, a network nor a domain" };
  return { writtenAs: "DOMAIN", type: "DOMAIN", value: domain, network: null };
}

function readNetwork(text: string): BlockTarget | { problem: string } {
  const [, host = "", digits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = readAddress(host);
  const isMapped = address?.kind() === "ipv4" && isIP(host) === 6;
  const prefix = Number(digits) - (isMapped ? mappedBits : 0);
  if (!address || prefix < 0 || prefix > bitsOf(address)) {
    return { problem: "is not a network, such as 192.0.2.0/24 or 2001:db8::/32" };
  }
  const first = firstOf(address, prefix);
  if (first !== address.toString()) {
    return { problem: `is an address within ${first}/${prefix}: write that, or the address alone` };
  }
  const isSingle = prefix === bitsOf(address);
  const value = isSingle ? first : `${first}/${prefix}`;
  return { writtenAs: "CIDR", type: isSingle ? "IP" : "CIDR", value, network: value };
}

const mappedBits = 96;
const bitsOf = (address: Address): number => (address.kind() === "ipv4" ? 32 : 128);

function firstOf(address: Address, prefix: number): string {
  const network = `${address.toString()}/${prefix}`;
  const { IPv4, IPv6 } = ipaddr;
  return (address.kind() === "ipv4" ? IPv4 : IPv6).networkAddressFromCIDR(network).toString();
}

/** Node decides what is an address: the library also takes 010.1 and 0x7f000001. A zone is no part of one. */
function readAddress(text: string): Address | undefined {
  if (isIP(text) === 0 || text.includes("%")) return undefined;
  // The library takes the outdated ::192.0.2.1 for ::ffff:192.0.2.1.
  if (isIP(text) === 6 && text.includes(".") && !/^(?:0{0,4}:){2,5}ffff:[\d.]+$/i.test(text)) return undefined;
  return ipaddr.process(text);
}

/** Less than this and it is no longer somebody's network, but a good part of the Internet. */
const prefixMin = { ipv4: 8, ipv6: 16 };
const thisHost = ["127.0.0.0/8", "::1/128", "0.0.0.0/8", "::/128"].map((network) => ipaddr.parseCIDR(network));

/** Why nobody should block this without a second thought; undefined when nothing speaks against it. */
export function dangerOf({ network, value }: BlockTarget, callerAddress: string): string | undefined {
  if (network === null) return undefined;
  const [address, prefix] = parse(network);
  if (prefix < prefixMin[address.kind()]) return `${value} is a large part of the Internet`;
  if (thisHost.some((other) => overlap([address, prefix], other))) return `${value} is Robin's own host`;
  const caller = readAddress(callerAddress);
  if (caller && overlap([address, prefix], [caller, bitsOf(caller)])) return `${value} is where you come from yourself`;
  return undefined;
}

function parse(network: string): Network {
  if (network.includes("/")) return ipaddr.parseCIDR(network);
  const address = ipaddr.parse(network);
  return [address, bitsOf(address)];
}

function overlap([a, aPrefix]: Network, [b, bPrefix]: Network): boolean {
  return a.kind() === b.kind() && a.match(b, Math.min(aPrefix, bPrefix));
}
