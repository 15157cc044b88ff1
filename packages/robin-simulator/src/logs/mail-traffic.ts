import { createRandom } from "../random.ts";
import type { Random } from "../random.ts";
import type { LogLine } from "./log-format.ts";

const senders = ["pepper@example.com", "news@shop.example", "peter@daily.example", "noreply@bank.example"] as const;
const recipients = ["tony@example.com", "happy@example.com", "nobody@example.com"] as const;

/** What Robin writes about one minute of incoming mail. The same seed and minute give the same lines. */
export function trafficOf(seed: number, minute: number): readonly { readonly atMs: number; readonly line: LogLine }[] {
  const random = createRandom((seed * 7_919 + minute) >>> 0);
  // About four of five minutes have a mail, one of a hundred a failure with its stack.
  if (random.next() < 0.2) return [];
  const lines = random.next() < 0.01 ? failure(random) : conversation(random);
  let atMs = minute * 60_000 + random.below(30_000);
  return lines.map((line) => {
    atMs += random.below(40);
    return { atMs, line };
  });
}

function conversation(random: Random): LogLine[] {
  const peer = `192.0.2.${1 + random.below(250)}:${30_000 + random.below(30_000)}`;
  const uid = random.uuid();
  const [sender, recipient] = [random.pick(senders), random.pick(recipients)];
  const isKnown = recipient !== "nobody@example.com";
  const session = { thread: `pool-7-thread-${1 + random.below(10)}`, aCode: uid, bCode: `/${peer}` };
  const smtp = (message: string, cCode = ""): LogLine => ({
    level: "INFO",
    ...session,
    logger: "connection.SmtpFoundation",
    cCode,
    message,
  });
  const opening: LogLine[] = [
    {
      level: "INFO",
      thread: "pool-8-thread-1",
      logger: "smtp.SmtpListener",
      message: `Accepted connection from ${peer} on port 25.`,
    },
    {
      level: "DEBUG",
      ...session,
      logger: "smtp.EmailReceipt",
      message: `Created EmailReceipt for ${peer} (secure=false, submission=false) INBOUND`,
    },
    smtp(`>> MAIL FROM:<${sender}>`, sender),
    smtp(`<< 250 2.1.0 Sender OK [${uid}]`, sender),
    smtp(`>> RCPT TO:<${recipient}>`, sender),
  ];
  if (!isKnown) {
    return [
      ...opening,
      smtp(`<< 550 5.1.1 Unknown recipient [${uid}]`, sender),
      {
        level: "WARN",
        ...session,
        logger: "smtp.EmailReceipt",
        cCode: sender,
        message: `Recipient refused: ${recipient}`,
      },
    ];
  }
  return [
    ...opening,
    smtp(`<< 250 2.1.5 Recipient OK [${uid}]`, sender),
    smtp(`<< 250 2.0.0 Received OK [${uid}]`, sender),
  ];
}

function failure(random: Random): LogLine[] {
  return [
    {
      level: "ERROR",
      thread: `pool-7-thread-${1 + random.below(10)}`,
      logger: "smtp.EmailReceipt",
      aCode: random.uuid(),
      message: [
        "Error reading from peer: Connection reset | giving up",
        "java.net.SocketException: Connection reset",
        "\tat java.base/sun.nio.ch.NioSocketImpl.implRead(NioSocketImpl.java:318)",
        "\tat com.mimecast.robin.smtp.connection.LineInputStream.readLine(LineInputStream.java:64)",
      ].join("\n"),
    },
  ];
}
