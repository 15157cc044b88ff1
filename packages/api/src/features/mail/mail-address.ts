import { toDomainName } from "../domains/domain-name.ts";

export interface MailAddress {
  /** As people see it. */
  name?: string;
  /** `local@domain`, the domain in lower case and punycode. */
  address: string;
}

const addressCharsMax = 254;
const nameCharsMax = 200;

/** A dot-atom of RFC 5321. Quoted local parts stay out: no two servers read them alike. */
const localPart = /^(?=.{1,64}$)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
const printable = /^[ -~\u00a0-\uffff]*$/;

/** Reads `pepper@example.com`. Gives a text that says what is wrong, or the address. */
export function readAddress(text: string): { address: string } | { problem: string } {
  const at = text.lastIndexOf("@");
  const [local, domain] = [text.slice(0, Math.max(at, 0)), toDomainName(text.slice(at + 1).toLowerCase())];
  if (text.includes("{$")) return { problem: "holds {$, which Robin would replace" };
  // Robin would ask for SMTPUTF8 without looking whether the next server knows it, and headers would need it as well.
  if (/[^\0-\x7f]/.test(local)) return { problem: "has letters before the @ that mail servers do not take everywhere" };
  if (domain === undefined || !localPart.test(local)) return { problem: "is not a mail address" };
  const address = `${local}@${domain}`;
  return address.length <= addressCharsMax ? { address } : { problem: "is too long for a mail address" };
}

/** Reads `Pepper Potts <pepper@example.com>` or the address alone. */
export function readMailbox(text: string): MailAddress | { problem: string } {
  const whole = withoutBlanks(text);
  const [, before = "", inner = whole] = /^([^<>]*)<([^<>]*)>$/.exec(whole) ?? [];
  return withName(readAddress(inner), unquoted(withoutBlanks(before)));
}

/** Blanks only: a line end at the end of an address is a mistake, or worse. */
export function withoutBlanks(text: string): string {
  return text.replaceAll(/^ +| +$/g, "");
}

export function withName(
  read: ReturnType<typeof readAddress>,
  name: string | undefined,
): MailAddress | { problem: string } {
  if ("problem" in read || !name) return read;
  if (name.length > nameCharsMax) return { problem: `has a name of more than ${nameCharsMax} characters` };
  if (!printable.test(name) || !name.isWellFormed()) return { problem: "has a control character in its name" };
  return { name, ...read };
}

function unquoted(name: string): string {
  return /^".*"$/s.test(name) ? name.slice(1, -1).replaceAll(/\\(.)/gs, "$1").trim() : name;
}
