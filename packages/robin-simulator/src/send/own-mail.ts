import type { RouteContext } from "../http/route-context.ts";
import { formatJavaDate } from "../java/java-date.ts";
import { inboxFolder, ownerOf } from "../rocksdb/mailbox-names.ts";
import { joinPath } from "../store/file-tree.ts";
import { listenerPort } from "../enqueue/client-defaults.ts";

export interface OwnMail {
  /** Of the session in which it was received, also the name of its file. */
  readonly uid: string;
  /** What the sender said its name is. */
  readonly helo: string;
  readonly rcpts: readonly string[];
  readonly message: Buffer;
}

/** Whether the next server is the simulated Robin itself. */
export function isOwnListener(host: string | undefined, port: number): boolean {
  return port === listenerPort && (host === "127.0.0.1" || host === "localhost");
}

/** The message that Robin writes for a case with subject and message. */
export function composedMail(mail: string, rcpts: readonly string[], said: ComposedMail): Buffer {
  const { messageId, subject, message, now } = said;
  const lines = [
    "MIME-Version: 1.0",
    `Message-ID: <${messageId}${mail.slice(mail.indexOf("@"))}>`,
    `Date: ${formatJavaDate(now)}`,
    `From: <${mail}>`,
    `To: ${rcpts.map((rcpt) => `<${rcpt}>`).join(", ")}`,
    `Subject: ${subject}`,
    "Content-Type: text/plain",
    "Content-Transfer-Encoding: 8bit",
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${message}`);
}

export interface ComposedMail {
  readonly messageId: string;
  readonly subject: string;
  readonly message: string;
  readonly now: Date;
}

/** Mail that Robin sends to itself lies in the mailboxes of its recipients, as with `storage.localMailbox`, on disk and in RocksDB. */
export function keepOwnMail({ store, mailboxes, clock, files }: RouteContext, mail: OwnMail): void {
  const now = clock.now();
  const name = `${now.toISOString().slice(0, 10).replaceAll("-", "")}.${mail.uid}.eml`;
  for (const rcpt of mail.rcpts) {
    const at = rcpt.lastIndexOf("@");
    const [user, domain] = [rcpt.slice(0, Math.max(0, at)), rcpt.slice(at + 1)];
    // No file name holds these, and so no mailbox has them.
    if (user === "" || /[/\0]|\.\./.test(rcpt)) continue;
    const content = Buffer.concat([Buffer.from(receivedHeader(mail, rcpt, now), "latin1"), mail.message]);
    // The name has no number: of several mails in one session the last one stays.
    store.makeDirectories(joinPath(domain, user, "new"));
    store.write(joinPath(domain, user, "new", name), content, now.getTime());
    if (mailboxes === undefined) continue;
    const owner = ownerOf(domain, user);
    mailboxes.open(owner);
    const sourceFile = `${files.queueFolder.replace(/queue$/, "tmp")}/${name}`;
    mailboxes.put(owner, { folder: inboxFolder, read: false, receivedAtMs: now.getTime(), sourceFile, content });
  }
}

function receivedHeader({ uid, helo }: OwnMail, rcpt: string, now: Date): string {
  const lines = [
    `Received: from ${helo} (127.0.0.1 [127.0.0.1])`,
    "by 127.0.0.1 (RobinMTA)",
    "with ESMTP",
    `id ${uid}`,
    `for <${rcpt}>;`,
    formatJavaDate(now),
  ];
  return `${lines.join("\r\n    ")}\r\n`;
}
