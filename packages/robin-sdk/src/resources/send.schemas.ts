import { z } from "zod";
import { EnqueueRawMessage, RobinCase, RobinEnvelope } from "./queue.schemas.ts";

const SendEnvelope = RobinEnvelope.safeExtend({
  /** Refused: Robin sends it and then answers 500, so nobody learns how it went. Use deliverRaw. */
  mime: z.undefined("Robin answers 500 after it has sent a mime envelope, use deliverRaw").optional(),
});

export const SendMessage = z.object({
  case: RobinCase.safeExtend({
    envelopes: z.array(SendEnvelope).min(1),
    /** Robin sends with whatever it is given, and keeps the password out of its answer. */
    auth: z.boolean().optional(),
    user: z.string().optional(),
    pass: z.string().optional(),
  }),
});
export type SendMessage = z.infer<typeof SendMessage>;

export const SendRawMessage = EnqueueRawMessage.omit({ protocol: true, mailbox: true });
export type SendRawMessage = z.infer<typeof SendRawMessage>;

export const SmtpReply = z.object({
  code: z.int(),
  /** All lines, as the peer sent them. */
  text: z.string(),
});
export type SmtpReply = z.infer<typeof SmtpReply>;

/**
 * - `delivered`: the peer took the message for this recipient, the only proof there is
 * - `deferred`: refused for now, with a 4xx
 * - `refused`: refused for good, with a 5xx
 * - `unknown`: accepted as a recipient, but what became of the message was not answered
 * - `not-tried`: it did not get as far as this recipient
 */
export const RecipientVerdict = z.enum(["delivered", "deferred", "refused", "unknown", "not-tried"]);
export type RecipientVerdict = z.infer<typeof RecipientVerdict>;

export const SmtpTransaction = z.object({
  /** `SMTP` (the connection itself), `EHLO`, `STARTTLS`, `AUTH`, `MAIL`, `RCPT`, `DATA`, `BDAT`, `QUIT`, ... */
  command: z.string(),
  /** As sent, without the credentials of AUTH. */
  payload: z.string().exactOptional(),
  /** As answered; `101 ...` is Robin's own word for a broken connection. */
  response: z.string().exactOptional(),
  /** Robin's mark; false for recipients refused after an accepted one and for a missing AUTH. Trust the verdicts. */
  error: z.boolean(),
});
export type SmtpTransaction = z.infer<typeof SmtpTransaction>;

export const SentEnvelope = z.object({
  /** Envelope sender. */
  mail: z.string().exactOptional(),
  /** In the order of the envelope. */
  recipients: z.array(
    z.object({
      address: z.string(),
      verdict: RecipientVerdict,
      /** The reply that decided it: to MAIL, RCPT, DATA or the last BDAT. */
      reply: SmtpReply.exactOptional(),
    }),
  ),
  transactions: z.array(SmtpTransaction),
});
export type SentEnvelope = z.infer<typeof SentEnvelope>;

export const SendResult = z.object({
  sessionUid: z.string().min(1),
  /** Absent when Robin's locale prints a month name we cannot read. */
  startedAt: z.date().exactOptional(),
  /** Every envelope that was asked for reached each of its recipients. */
  delivered: z.boolean(),
  /** False when Robin found nothing to connect to. */
  wasTried: z.boolean(),
  /** Robin's words for a connection that failed, at once or in the middle: `Connection refused`. */
  connectionFailure: z.string().exactOptional(),
  /** Envelopes that Robin left out without a word. */
  droppedEnvelopes: z.int(),
  envelopes: z.array(SentEnvelope),
  /** Those of the session, before and after the envelopes. */
  transactions: z.array(SmtpTransaction),
});
export type SendResult = z.infer<typeof SendResult>;

const WireTransactions = z.array(
  z.object({
    command: z.string(),
    payload: z.string().optional(),
    response: z.string().optional(),
    error: z.boolean(),
  }),
);

/** Robin's wire form of a session, as far as we use it. */
export const SendAnswer = z.object({
  uid: z.string().min(1),
  date: z.string(),
  envelopes: z.array(z.object({ mail: z.string().optional(), rcpts: z.array(z.string()) })),
  sessionTransactionList: z.object({
    envelopes: z.array(z.object({ transactions: WireTransactions })),
    transactions: WireTransactions,
  }),
});
export type SendAnswer = z.infer<typeof SendAnswer>;
