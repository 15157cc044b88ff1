import { domainToASCII, domainToUnicode } from "node:url";

export const domainCharsMax = 253;

/** Before the conversion, which would read percent-encoding and take characters away. */
const writable = /^[\p{L}\p{M}\p{N}.-]+$/u;
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** No number, as in an address of IPv4. */
const topLabel = /^(?:[a-z]{2,63}|xn--[a-z0-9-]+)$/;

/** The name in lower case and punycode, or undefined when no mail domain is called so. It has at least two labels. */
export function toDomainName(text: string): string | undefined {
  if (!writable.test(text)) return undefined;
  const ascii = domainToASCII(text);
  const labels = ascii.split(".");
  const valid =
    ascii.length <= domainCharsMax &&
    labels.length > 1 &&
    labels.every((part) => label.test(part)) &&
    topLabel.test(labels.at(-1) ?? "") &&
    isWholePunycode(ascii);
  return valid ? ascii : undefined;
}

/** As people write it. */
export function toUnicodeName(ascii: string): string {
  return domainToUnicode(ascii);
}

/** Labels that only look like punycode stay as they are when they are converted, and would be written twice. */
function isWholePunycode(ascii: string): boolean {
  const unicode = domainToUnicode(ascii);
  return !/(?:^|\.)xn--/.test(unicode) && domainToASCII(unicode) === ascii;
}
