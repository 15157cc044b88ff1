export interface Transmission {
  readonly mail: string;
  readonly rcpt: string;
  readonly messageId: string;
  readonly date: Date;
}

const simpleTags = /\{\$(msgid|date|yymd|year|mailfrom|mail|rcptto|rcpt|headers(?:\[[a-z0-9-]+\])?)\}/gi;
const randomTags = /\{\$rand(ch|no)(\d*)\}/gi;

/** The message as Robin writes it after DATA, without the dot that ends it. */
export function transmit(message: Buffer, envelope: Transmission): Buffer {
  const lines = message.toString("latin1").match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+/g) ?? [];
  // A dot is doubled only where it stands alone between blanks, and there is always one line end more.
  const written = lines
    .map((line) => replaceTags(line, envelope))
    .map((line) => (isDotAlone(line) ? `.${line}` : line));
  return Buffer.from(`${written.join("")}\r\n`, "latin1");
}

/** What a server that keeps to RFC 5321 makes of it. */
export function receive(written: Buffer): Buffer {
  return Buffer.from(written.toString("latin1").replaceAll(/(^|\r\n)\./g, "$1"), "latin1");
}

function isDotAlone(line: string): boolean {
  return /^[\0- ]*\.[\0- ]*$/.test(line);
}

function replaceTags(line: string, { mail, rcpt, messageId, date }: Transmission): string {
  const day = date.toISOString().slice(0, 10);
  const values: Readonly<Record<string, string>> = {
    msgid: messageId,
    date: date.toUTCString(),
    yymd: day.replaceAll("-", ""),
    year: day.slice(0, 4),
    mail,
    mailfrom: mail,
    rcpt,
    rcptto: rcpt,
  };
  return line
    .replace(randomTags, (_all, kind: string, count: string) =>
      (kind.toLowerCase() === "ch" ? "x" : "7").repeat(Math.min(Number(count || 10), 1000)),
    )
    .replace(simpleTags, (_all, name: string) => values[name.toLowerCase()] ?? "");
}
