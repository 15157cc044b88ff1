import { parseRobinDate } from "../dates.ts";
import type {
  RecipientVerdict,
  SendAnswer,
  SendResult,
  SentEnvelope,
  SmtpReply,
  SmtpTransaction,
} from "./send.schemas.ts";

type WireTransaction = SendAnswer["sessionTransactionList"]["transactions"][number];

/** Robin's code for "no reply at all", followed by Java's words. */
const connectionFailurePattern = /^101(?: |$)/;

/** Says what became of each recipient. Pure. `asked` is how many envelopes, repeats included, were asked for. */
export function toSendResult(answer: SendAnswer, asked: number): SendResult {
  const { envelopes: wireEnvelopes, transactions } = answer.sessionTransactionList;
  // Robin lists one per envelope that got as far as MAIL, in the same order.
  const envelopes = answer.envelopes.map((envelope, index) =>
    toSentEnvelope(envelope, wireEnvelopes[index]?.transactions ?? []),
  );
  const droppedEnvelopes = Math.max(0, asked - envelopes.length);
  const startedAt = parseRobinDate(answer.date);
  const failure = transactions.findLast(
    ({ command, response }) => command === "SMTP" && connectionFailurePattern.test(response ?? ""),
  );
  return {
    sessionUid: answer.uid,
    ...(startedAt === undefined ? {} : { startedAt }),
    delivered: envelopes.length > 0 && droppedEnvelopes === 0 && envelopes.every(isDelivered),
    wasTried: transactions.length > 0,
    ...(failure === undefined ? {} : { connectionFailure: (failure.response ?? "").slice("101 ".length) }),
    droppedEnvelopes,
    envelopes,
    transactions: transactions.map(toTransaction),
  };
}

function isDelivered({ recipients }: SentEnvelope): boolean {
  return recipients.length > 0 && recipients.every(({ verdict }) => verdict === "delivered");
}

function toSentEnvelope(
  { mail, rcpts }: SendAnswer["envelopes"][number],
  transactions: WireTransaction[],
): SentEnvelope {
  const of = (name: string): WireTransaction[] => transactions.filter(({ command }) => command === name);
  const mailReply = replyOf(of("MAIL")[0]);
  const rcptReplies = of("RCPT").map(replyOf);
  // Each chunk has its BDAT; only the last one is about the message.
  const messageReply = replyOf(of("DATA").at(-1) ?? of("BDAT").at(-1));
  const recipients = rcpts.map((address, index) => ({
    address,
    ...judge(mailReply, rcptReplies[index], messageReply),
  }));
  return { ...(mail === undefined ? {} : { mail }), recipients, transactions: transactions.map(toTransaction) };
}

function judge(
  mail: SmtpReply | undefined,
  rcpt: SmtpReply | undefined,
  message: SmtpReply | undefined,
): { verdict: RecipientVerdict; reply?: SmtpReply } {
  for (const reply of [mail, rcpt]) {
    if (reply === undefined) return { verdict: "not-tried" };
    const refusal = refusalOf(reply);
    if (refusal !== undefined) return { verdict: refusal, reply };
  }
  if (message === undefined) return { verdict: "unknown" };
  return { verdict: message.code === 250 ? "delivered" : (refusalOf(message) ?? "unknown"), reply: message };
}

function refusalOf({ code }: SmtpReply): "deferred" | "refused" | undefined {
  if (code >= 400 && code < 500) return "deferred";
  return code >= 500 && code < 600 ? "refused" : undefined;
}

/** Undefined when the peer did not answer. */
function replyOf(transaction: WireTransaction | undefined): SmtpReply | undefined {
  const text = transaction?.response ?? "";
  const code = /^([2-5]\d\d)(?:[ -]|$)/.exec(text)?.[1];
  return code === undefined ? undefined : { code: Number(code), text };
}

function toTransaction({ command, payload, response, error }: WireTransaction): SmtpTransaction {
  return {
    command,
    ...(payload === undefined ? {} : { payload: redact(command, payload) }),
    ...(response === undefined ? {} : { response }),
    error,
  };
}

/** Keeps the mechanism; what follows is user and password in base64. */
function redact(command: string, payload: string): string {
  if (command.toUpperCase() !== "AUTH" && !/^AUTH\b/i.test(payload)) return payload;
  const [mechanism] = /^AUTH(?: [A-Z0-9_-]+)?(?= |$)/i.exec(payload) ?? ["AUTH"];
  return mechanism === payload ? payload : `${mechanism} [redacted]`;
}
