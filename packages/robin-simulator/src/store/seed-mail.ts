import { formatJavaDate } from "../java/java-date.ts";
import type { Random } from "../random.ts";

export interface MailWriter {
  /** The message of this number; every kind comes up in turn, the broken ones too. */
  mail(index: number, envelope: { to: string; sentAt: Date }): Buffer;
}

const senders = [
  "Ada Keller <ada.keller@robin.example>",
  "Harbour Books <orders@harbour-books.example>",
  "=?UTF-8?Q?Mar=C3=ADa_N=C3=BA=C3=B1ez?= <maria@olive-and-fig.example>",
  "=?ISO-8859-1?Q?J=FCrgen_Gro=DF?= <juergen@alpine-rescue.test>",
  "newsletter@city-library.test",
] as const;
const subjects = [
  "Invoice 2026-1187",
  "Minutes of Monday's meeting",
  "=?UTF-8?B?w4RuZGVydW5nZW4gYW0gRmFocnBsYW4g8J+agg==?=",
  "=?UTF-8?Q?R=C3=A9servation_confirm=C3=A9e?=",
  "Re: Re: Delivery on Thursday",
] as const;
const texts = [
  "Hello,\r\n\r\nthe parcel leaves on Thursday. Please have someone at the gate.\r\n",
  "Hi all,\r\n\r\nattached is what we agreed on. Corrections until Friday, please.\r\n",
  "Good morning,\r\n\r\n1 < 2 & 3 > 2, the rest is in the list below.\r\n\r\n-- \r\nCity Library\r\n",
] as const;

/** Enough of a PDF for viewers to name it one. */
const pdf = Buffer.from("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n");
/** A single grey pixel. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);

interface Parts {
  readonly head: string;
  readonly text: string;
  readonly boundary: string;
}
type Kind = (parts: Parts) => string | Buffer;

const plain: Kind = ({ head, text }) => `${head}Content-Type: text/plain; charset=us-ascii\r\n\r\n${text}`;

const utf8: Kind = ({ head }) =>
  `${head}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße aus Zürich, naïve café, 東京 🚂\r\n`;

const quotedPrintable: Kind = ({ head }) =>
  `${head}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe aus Z=C3=BCrich, eine lange Zeile =\r\nohne Ende.\r\n`;

/** Not UTF-8: asked for as JSON it makes Robin drop the connection. */
const latin1: Kind = ({ head }) =>
  Buffer.from(
    `${head}Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\u00fc\u00dfe, caf\u00e9\r\n`,
    "latin1",
  );

const attachments: Kind = ({ head, text, boundary }) =>
  [
    `${head}Content-Type: multipart/mixed; boundary="${boundary}"`,
    "",
    "This is a multi-part message in MIME format.",
    `--${boundary}`,
    "Content-Type: text/plain; charset=utf-8",
    "",
    text,
    `--${boundary}`,
    "Content-Type: application/pdf",
    `Content-Disposition: attachment; filename*=UTF-8''Rechnung%20M%C3%A4rz.pdf`,
    "Content-Transfer-Encoding: base64",
    "",
    pdf.toString("base64"),
    `--${boundary}`,
    'Content-Type: image/png; name="=?UTF-8?Q?Bild_=C3=BC.png?="',
    "Content-Disposition: inline",
    "Content-Transfer-Encoding: base64",
    "",
    png.toString("base64"),
    `--${boundary}--`,
    "",
  ].join("\r\n");

const alternative: Kind = ({ head, text, boundary }) =>
  [
    `${head}Content-Type: multipart/alternative; boundary=${boundary}`,
    "",
    `--${boundary}`,
    "Content-Type: text/plain",
    "",
    text,
    `--${boundary}`,
    "Content-Type: text/html; charset=utf-8",
    "",
    `<html><body><p>Hello</p><script>alert("must never run")</script></body></html>`,
    `--${boundary}--`,
    "",
  ].join("\r\n");

/** Its boundary never comes, and its base64 is none. */
const brokenMime: Kind = ({ head, text, boundary }) =>
  `${head}Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n--other\r\nContent-Transfer-Encoding: base64\r\n\r\n!!${text}`;

const brokenBytes: Kind = ({ head }) =>
  Buffer.concat([Buffer.from(head), Buffer.from([0x0d, 0x0a, 0xff, 0xfe, 0x00, 0xc3, 0x28, 0xf0, 0x9f, 0x0d, 0x0a])]);

const bareLines: Kind = ({ text }) => `no header at all\n${text.replaceAll("\r\n", "\n")}`;
const empty: Kind = () => "";

const kinds: readonly Kind[] = [
  plain,
  utf8,
  attachments,
  quotedPrintable,
  latin1,
  alternative,
  brokenMime,
  brokenBytes,
  bareLines,
  plain,
  attachments,
  empty,
];

export function createMailWriter(random: Random): MailWriter {
  return {
    mail: (index, { to, sentAt }) => {
      const head = [
        `Received: from relay.example ([192.0.2.${random.below(250)}]) by mail.robin.example (RobinMTA) with ESMTP; ${formatJavaDate(sentAt)}`,
        `Message-ID: <${random.uuid()}@mail.robin.example>`,
        `Date: ${formatJavaDate(sentAt)}`,
        `From: ${random.pick(senders)}`,
        `To: <${to}>`,
        `Subject: ${random.pick(subjects)}`,
        "MIME-Version: 1.0",
        "",
      ].join("\r\n");
      const write = kinds[index % kinds.length] ?? plain;
      return Buffer.from(
        write({ head, text: random.pick(texts), boundary: `=_${random.uuid().slice(0, 13)}` }) as Uint8Array,
      );
    },
  };
}
