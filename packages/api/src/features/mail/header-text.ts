import type { MailAddress } from "./mail-address.ts";

// Header values that reach the reader as they were written. Robin replaces tags such as {$date} wherever they stand in
// a message, and a reader takes `=?` for the beginning of an encoded word, so texts with either are encoded, too.

/** Longer ones are encoded, which folds them: no line may have more than 998 bytes. */
const plainCharsMax = 200;
/** So that an encoded word has at most its 75 characters. */
const wordBytesMax = 45;
const fold = "\r\n ";

function isPlain(text: string): boolean {
  return text.length <= plainCharsMax && /^[ -~]*$/.test(text) && !text.includes("{$") && !text.includes("=?");
}

/** For a subject. */
export function encodeText(text: string): string {
  return isPlain(text) ? text : encodedWords(text);
}

/** For From, To and their like, one address a line. */
export function encodeMailboxes(mailboxes: readonly MailAddress[]): string {
  return mailboxes
    .map(({ name, address }) => (name === undefined ? address : `${encodeName(name)} <${address}>`))
    .join(`,${fold}`);
}

/** For Content-Disposition: RFC 2231 for all that is not plainly safe between quotes. */
export function encodeFileName(name: string): string {
  if (/^[\w .()+,-]{1,100}$/.test(name)) return `filename="${name}"`;
  const encoded = encodeURIComponent(name).replaceAll(/['()*!]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `filename*=UTF-8''${encoded}`;
}

/** For lists of message ids or addresses in angle brackets. */
export function foldWords(text: string): string {
  return text.length <= plainCharsMax ? text : text.replaceAll(" ", fold);
}

function encodeName(name: string): string {
  if (!isPlain(name)) return encodedWords(name);
  return /^[a-z0-9]+(?: [a-z0-9]+)*$/i.test(name) ? name : `"${name.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** RFC 2047 in base64, each word of whole characters. */
function encodedWords(text: string): string {
  const words = [""];
  for (const char of text) {
    const grown = `${words.at(-1) ?? ""}${char}`;
    if (Buffer.byteLength(grown) <= wordBytesMax) words[words.length - 1] = grown;
    else words.push(char);
  }
  return words.map((word) => `=?UTF-8?B?${Buffer.from(word).toString("base64")}?=`).join(fold);
}
