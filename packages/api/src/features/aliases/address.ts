import { toDomainName } from "../domains/domain-name.ts";

export const addressCharsMax = 254;

/** A dot-atom of RFC 5321, without quotes: nothing in it means anything to SMTP, SQL or a shell pattern of Robin. */
const localPart = /^(?=.{1,64}$)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;

/** `name@domain` in lower case and punycode, or undefined when it is no address. */
export function toAddress(text: string): string | undefined {
  const { name, domain } = parts(text.toLowerCase());
  const ascii = toDomainName(domain);
  if (ascii === undefined || !localPart.test(name)) return undefined;
  const address = `${name}@${ascii}`;
  return address.length <= addressCharsMax ? address : undefined;
}

/** An address, or `@domain` for a whole domain. */
export function toAliasSource(text: string): string | undefined {
  if (!text.startsWith("@")) return toAddress(text);
  const ascii = toDomainName(text.slice(1).toLowerCase());
  return ascii === undefined ? undefined : `@${ascii}`;
}

export function domainOf(address: string): string {
  return parts(address).domain;
}

/** The source of an alias for all names of the domain that have none of their own. */
export function catchAllOf(address: string): string {
  return `@${domainOf(address)}`;
}

export function isCatchAll(source: string): boolean {
  return source.startsWith("@");
}

function parts(address: string): { name: string; domain: string } {
  const at = address.lastIndexOf("@");
  return { name: address.slice(0, Math.max(at, 0)), domain: address.slice(at + 1) };
}
