import { randomUUID } from "node:crypto";
import MailComposer from "nodemailer/lib/mail-composer/index.js";
import { detectMimeType } from "nodemailer/lib/mime-funcs/index.js";
import type MimeNode from "nodemailer/lib/mime-node/index.js";
import { encodeFileName, encodeMailboxes, encodeText, foldWords } from "./header-text.ts";
import type { ComposeMailInput } from "./mail.schemas.ts";
import { findDamage, forRobin, messageBytesMax, tooLarge } from "./message-bytes.ts";

export interface ComposedMail {
  /** In angle brackets. */
  messageId: string;
  message: Uint8Array<ArrayBuffer>;
}

/**
 * Makes RFC 5322 of what a person wrote: 7-bit characters, lines of CRLF, nothing in it that Robin would change.
 *
 * @throws AppError `payload_too_large`.
 */
export async function compose(input: ComposeMailInput): Promise<ComposedMail> {
  const messageId = `<${randomUUID()}@${input.from.address.split("@").at(-1) ?? ""}>`;
  for (const encoding of [undefined, "base64"]) {
    const built = await mimeTree(input, messageId, encoding).build();
    const text = headOf(input) + built.toString("latin1");
    if (text.length > messageBytesMax) throw tooLarge();
    // Plain where that arrives as it is: Robin's tags need base64, and dots at the beginning of a line, of which even
    // those that Robin doubles stay doubled when the next server is another Robin.
    if (!text.includes("\r\n.") && findDamage(text) === undefined) return { messageId, message: forRobin(text) };
  }
  throw new Error("a composed message would be damaged on its way");
}

/** Everyone it goes to, once. */
export function recipientsOf({ to, cc, bcc }: ComposeMailInput): string[] {
  return [...new Set([...to, ...cc, ...bcc].map(({ address }) => address))];
}

/** What a person wrote into the head. The library would leave Robin's tags in it as they are. */
function headOf({ from, to, cc, replyTo, subject, headers }: ComposeMailInput): string {
  const values = {
    From: encodeMailboxes([from]),
    To: encodeMailboxes(to) || (cc.length === 0 ? "undisclosed-recipients:;" : ""),
    Cc: encodeMailboxes(cc),
    "Reply-To": encodeMailboxes(replyTo),
    Subject: encodeText(subject),
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, foldWords(value ?? "")])),
  };
  const given = Object.entries(values).filter(([, value]) => value !== "");
  return given.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

/** The rest of the head, and the body. */
function mimeTree(input: ComposeMailInput, messageId: string, encoding: string | undefined): MimeNode {
  return new MailComposer({
    messageId,
    text: withLineEnds(input.text ?? (input.html === undefined ? "" : undefined)),
    html: withLineEnds(input.html),
    attachments: input.attachments.map(({ fileName, mediaType, content, contentId }) => ({
      // For the same reason the name comes with the disposition.
      filename: false,
      contentDisposition: prepareDisposition(fileName, contentId),
      content: Buffer.from(content.buffer, content.byteOffset, content.byteLength),
      contentType: mediaType ?? typeOf(fileName),
      contentTransferEncoding: "base64",
      ...(contentId !== undefined && { cid: contentId }),
    })),
    newline: "\r\n",
    ...(encoding && { encoding }),
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
}

/** The library takes a finished header here as it does elsewhere; only its types do not say so. */
function prepareDisposition(fileName: string, contentId: string | undefined): "attachment" {
  const value = `${contentId === undefined ? "attachment" : "inline"}; ${encodeFileName(fileName)}`;
  return { prepared: true, value } as unknown as "attachment";
}

/** A part of type message must not be encoded, and then it would be at Robin's mercy. */
function typeOf(fileName: string): string {
  const detected = detectMimeType(fileName) || "";
  return /^(?!message\/|multipart\/)[\w.+-]+\/[\w.+-]+$/.test(detected) ? detected : "application/octet-stream";
}

/** A carriage return alone must not travel: SMTP servers disagree on whether it ends a line. */
function withLineEnds(text: string | undefined): string | undefined {
  return text?.replaceAll(/\r\n?|\n/g, "\r\n");
}
