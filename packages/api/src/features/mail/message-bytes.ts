import { AppError } from "../../errors.ts";

/** Of a whole message, attachments encoded. */
export const messageBytesMax = 25 * 1024 ** 2;

const lineBytesMax = 998;

/** What Robin replaces in a line on its way out, in letters of any case. Other names it leaves alone. */
const magicTag =
  /\{\$(?:msgid|date|yymd|year|mail(?:from)?|rcpt(?:to)?|headers(?:\[[a-z0-9-]+\])?|rand(?:ch|no)\d*)\}/i;

const headerLine = /^[!-9;-~]+:/;

/**
 * Why the message would not reach its reader byte for byte, if so. Robin doubles the dot only of a line that holds
 * nothing else, so the next server takes the first one away from every other line that begins with a dot.
 * `text` is the message in latin1, its lines ended by CRLF.
 */
export function findDamage(text: string): string | undefined {
  let isHead = true;
  for (let start = 0, number = 1; start < text.length; number += 1) {
    const end = text.indexOf("\r\n", start);
    const line = text.slice(start, end < 0 ? undefined : end);
    if (line.length > lineBytesMax) return `has ${line.length} bytes in line ${number}; SMTP takes ${lineBytesMax}`;
    if (line.startsWith(".") && /[!-\xff]/.test(line.slice(1))) {
      return `has a line (${number}) that begins with a dot, which Robin would let get lost; encode it`;
    }
    const [tag] = magicTag.exec(line) ?? [];
    if (tag !== undefined) return `has ${tag} in line ${number}, which Robin would replace; encode it`;
    isHead &&= line !== "" || number === 1;
    if (isHead && !headerLine.test(line) && (number === 1 || !/^[ \t]/.test(line))) {
      return `has a line (${number}) that is no header before the first empty line`;
    }
    if (end < 0) break;
    start = end + 2;
  }
  return undefined;
}

/**
 * A message as somebody else composed it, ready for Robin. Its bytes stay as they are, except that a line feed alone,
 * as in files on Unix, becomes CRLF; a carriage return alone and NUL have no place in SMTP. 8-bit characters pass.
 *
 * @throws AppError `invalid_input` when it would not arrive as it is, `payload_too_large`.
 */
export function checkRawMessage(bytes: Uint8Array): { message: Uint8Array<ArrayBuffer>; messageId?: string } {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString("latin1")
    .replaceAll(/(?<!\r)\n/g, "\r\n");
  if (text.length > messageBytesMax) throw tooLarge();
  const problem =
    (text === "" && "is empty") ||
    (text.includes("\0") && "has a NUL byte") ||
    (/\r(?!\n)/.test(text) && "has a carriage return without a line feed") ||
    findDamage(text);
  if (problem) {
    const issues = [{ path: "message", message: problem }];
    throw new AppError("invalid_input", `The message cannot be sent as it is: it ${problem}.`, { issues });
  }
  const [head = ""] = text.split("\r\n\r\n", 1);
  const messageId = /^message-id:[ \t]*(<[!-;=?-~]{1,250}>)[ \t]*$/im.exec(head.replaceAll(/\r\n[ \t]+/g, " "))?.[1];
  return { message: forRobin(text), ...(messageId !== undefined && { messageId }) };
}

export function tooLarge(): AppError {
  return new AppError("payload_too_large", "The message is too large: 25 MB is the most, attachments encoded.");
}

/** Without the last line end: Robin adds one to every message, and the reader would find an empty line. */
export function forRobin(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text.replace(/\r\n$/, ""), "latin1"));
}
