// Reads messages as a mail program does, by RFC 5322, 2045 to 2047 and 2231, and apart from what composes them.

export interface MailPart {
  /** In small letters, without parameters. */
  type: string;
  disposition: string | undefined;
  fileName: string | undefined;
  /** In angle brackets. */
  contentId: string | undefined;
  content: Buffer;
  parts: MailPart[];
}

export interface ReadMail extends MailPart {
  /** Values of all headers with this name, unfolded and decoded. */
  header: (name: string) => string[];
  headerNames: string[];
  /** All parts that hold something, in order. */
  leaves: MailPart[];
}

export function readMail(message: Buffer): ReadMail {
  const { headers } = split(message.toString("latin1"));
  const root = readPart(message.toString("latin1"));
  return {
    ...root,
    header: (name) => headers.filter((header) => header.name === name.toLowerCase()).map(({ value }) => decode(value)),
    headerNames: headers.map(({ name }) => name),
    leaves: leavesOf(root),
  };
}

const leavesOf = (part: MailPart): MailPart[] => (part.parts.length > 0 ? part.parts.flatMap(leavesOf) : [part]);

function split(text: string) {
  const at = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n") + 2;
  const head = at === 1 ? text : text.slice(0, at);
  const headers = head
    .replaceAll(/\r\n([ \t])/g, "$1")
    .split("\r\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, name = "", value = ""] = /^([!-9;-~]+):(.*)$/.exec(line) ?? [];
      return { name: name.toLowerCase(), value: value.trim() };
    });
  return { headers, body: at === 1 ? "" : text.slice(at + 2) };
}

function readPart(text: string): MailPart {
  const { headers, body } = split(text);
  const header = (name: string) => headers.find((entry) => entry.name === name)?.value ?? "";
  const contentType = header("content-type");
  const [type = ""] = contentType.toLowerCase().split(";");
  const boundary = type.startsWith("multipart/") ? parameter(contentType, "boundary") : undefined;
  const disposition = header("content-disposition");
  return {
    type: type.trim(),
    disposition: /^[^;]+/.exec(disposition)?.[0],
    fileName: parameter(disposition, "filename"),
    contentId: /^.+$/.exec(header("content-id"))?.[0],
    content: decodeBody(body, header("content-transfer-encoding").toLowerCase()),
    parts: boundary === undefined ? [] : splitParts(body, boundary).map(readPart),
  };
}

/** A line end before a boundary belongs to the boundary. */
function splitParts(body: string, boundary: string): string[] {
  const pieces = `\r\n${body}`.split(`\r\n--${boundary}`);
  if (!pieces.at(-1)?.startsWith("--")) throw new Error("a multipart without an end");
  return pieces.slice(1, -1).map((piece) => piece.slice("\r\n".length));
}

function parameter(value: string, name: string): string | undefined {
  const extended = new RegExp(`;\\s*${name}\\*=UTF-8''([^;\\s]*)`, "i").exec(value)?.[1];
  if (extended !== undefined) return decodeURIComponent(extended);
  const [, quoted, plain] = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, "i").exec(value) ?? [];
  return quoted?.replaceAll(/\\(.)/g, "$1") ?? plain;
}

function decodeBody(body: string, encoding: string): Buffer {
  if (encoding === "base64") return Buffer.from(body, "base64");
  if (encoding !== "quoted-printable") return Buffer.from(body, "latin1");
  const bytes = body
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1");
}

function decode(value: string): string {
  const bytes = value
    .replaceAll(/\?=\s+=\?/g, "?==?")
    .replaceAll(/=\?UTF-8\?B\?([^?]*)\?=/gi, (_all, text: string) => Buffer.from(text, "base64").toString("latin1"));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
