import { z } from "zod";

export const QueueState = z.enum(["READY", "CLAIMED", "DEAD"]);
export type QueueState = z.infer<typeof QueueState>;

/** Java's int: a larger one is a 500, or is ignored together with its neighbours. */
const javaIntMax = 2_147_483_647;
const count = z.int().min(0);

/** Text that goes to SMTP commands, headers or file names: a line break would start a new one. */
// eslint-disable-next-line no-control-regex
const singleLine = z.string().regex(/^[^\x00-\x1f\x7f]*$/, "must not contain control characters");

/** Robin blanks every value that starts with `{$`, except the two names of its own defaults. */
const noMagic = (value: string): boolean => !value.startsWith("{$");
const magicMessage = "must not start with {$: Robin would blank it";

const address = singleLine.refine((value) => value.trim() !== "", "must not be blank").refine(noMagic, magicMessage);

/** Uploads carry recipients as one comma-separated list. */
const uploadRecipient = address
  .refine((value) => !value.includes(","), "must not contain a comma")
  .refine((value) => value.trim() === value, "must not have blanks around it");

export const QueueListQuery = z.object({
  /** From 1. */
  page: z.int().min(1).max(javaIntMax).optional(),
  /** Rows per page, 1 to 1000; Robin's default is 50. */
  limit: z.int().min(1).max(1000).optional(),
  /** Robin's default, also for an empty list, is READY and CLAIMED: dead items are hidden and not counted. */
  states: z.array(QueueState).optional(),
  /** Whole value, any case; "" finds items stored without a protocol. */
  protocol: z.string().max(1000).optional(),
  retryMin: z.int().min(0).max(javaIntMax).optional(),
  retryMax: z.int().min(0).max(javaIntMax).optional(),
});
export type QueueListQuery = z.infer<typeof QueueListQuery>;

export const QueueEntry = z.object({
  /** Relay UID, the key for delete, retry and bounce. */
  uid: z.string().min(1),
  /** From 1, over all pages. */
  position: z.int().min(1),
  sessionUid: z.string().exactOptional(),
  /** As stored: `ESMTP`, `esmtp`, `LMTP`, ...; may be empty. */
  protocol: z.string(),
  retryCount: count,
  /** Absent when never retried, or when Robin's locale prints a month name we cannot read. */
  lastRetryAt: z.date().exactOptional(),
  /** Envelopes that are still undelivered. */
  envelopeCount: count,
  /** At most five different addresses. */
  recipients: z.array(z.string()),
  /** Recipients not shown; an address that occurs in two envelopes counts here as well. */
  recipientsHidden: count,
  /** At most five, without a sign of more; they need not exist. `path` is a path on Robin's host. */
  files: z.array(z.object({ name: z.string(), path: z.string() })),
});
export type QueueEntry = z.infer<typeof QueueEntry>;

export const QueuePage = z.object({
  items: z.array(QueueEntry),
  /** Items that match the filters, over all pages. */
  total: count,
  /** From 1; may lie past the end, then `items` is empty. */
  page: z.int().min(1),
  /** 0 when nothing matches. */
  pages: count,
});
export type QueuePage = z.infer<typeof QueuePage>;

/** Enough for ten of the largest pages, and small enough for Robin, which works on all of them at a stretch. */
const uidsMax = 10_000;

export const QueueMutationInput = z.object({
  uids: z.array(z.string().min(1).max(200)).max(uidsMax),
});
export type QueueMutationInput = z.infer<typeof QueueMutationInput>;

export const QueueMutationResult = z.object({
  /** Items acted on; unknown UIDs are no error, so compare with what was asked for. */
  count,
  /** READY and CLAIMED items afterwards; 0 when nothing was asked for and so nobody asked Robin. */
  queueSize: count,
});
export type QueueMutationResult = z.infer<typeof QueueMutationResult>;

const content = z
  .string()
  .refine((value) => value.trim() !== "", "must not be blank")
  .refine(noMagic, magicMessage);

/** Robin drops an envelope without content silently, hence the refinement. */
export const RobinEnvelope = z
  .looseObject({
    mail: address.optional(),
    rcpt: z.array(address).optional(),
    subject: content.optional(),
    message: content.optional(),
    /** Path on Robin's host. */
    file: content.optional(),
    /** Folder on Robin's host; a random .eml of it is sent. */
    folder: content.optional(),
    /** Refused: a mime envelope that the peer rejects breaks Robin's queue. Use enqueueRaw. */
    mime: z.undefined("a queued mime envelope can break Robin's queue, use enqueueRaw").optional(),
    headers: z.record(singleLine, z.union([singleLine, z.array(singleLine)])).optional(),
    repeat: z.int().min(0).max(1000).optional(),
  })
  .refine(
    (envelope) =>
      envelope.file !== undefined ||
      envelope.folder !== undefined ||
      (envelope.subject !== undefined && envelope.message !== undefined),
    "needs subject and message, a file or a folder: Robin would drop it",
  );
export type RobinEnvelope = z.infer<typeof RobinEnvelope>;

/** A case as Robin reads it; its other keys (see Robin's docs) pass through unchecked. */
export const RobinCase = z
  .looseObject({
    mx: z.array(singleLine).optional(),
    port: z.int().min(1).max(65_535).optional(),
    route: singleLine.optional(),
    tls: z.boolean().optional(),
    helo: singleLine.optional(),
    lhlo: singleLine.optional(),
    ehlo: singleLine.optional(),
    /** Connection attempts. */
    retry: count.optional(),
    /** Seconds between them. */
    delay: count.optional(),
    /** Milliseconds; Robin takes at least 60 000. */
    timeout: count.optional(),
    mail: address.optional(),
    rcpt: z.array(address).optional(),
    envelopes: z.array(RobinEnvelope).min(1),
  })
  .refine(
    (value) => value.envelopes.every((envelope) => (envelope.mail ?? value.mail) !== undefined),
    "every envelope needs mail: Robin would take its own default sender",
  )
  .refine(
    (value) => value.envelopes.every((envelope) => (envelope.rcpt ?? value.rcpt ?? []).length > 0),
    "every envelope needs rcpt: Robin would take its own default recipient",
  );
export type RobinCase = z.infer<typeof RobinCase>;

/** `dovecot-lda`, `lmtp` and `stalwart-direct` use those backends, every other value is plain SMTP. */
const protocol = singleLine.max(100);
const mailbox = singleLine.max(1000);

export const EnqueueMessage = z.object({
  case: RobinCase,
  /** `ESMTP` when absent: Robin's own default is LMTP, which delivers nothing in the shipped configuration. */
  protocol: protocol.optional(),
  /** Used by `dovecot-lda` only. */
  mailbox: mailbox.optional(),
});
export type EnqueueMessage = z.infer<typeof EnqueueMessage>;

export const EnqueueRawMessage = z.object({
  /** Envelope sender. */
  mail: uploadRecipient,
  rcpt: z.array(uploadRecipient).min(1),
  /** The message in RFC 5322 form. Robin replaces tags such as `{$date}` inside it. */
  message: z.instanceof(Uint8Array).refine((bytes) => bytes.byteLength > 0, "must not be empty"),
  /** Name of a route in Robin's configuration; host and port cannot be given. */
  route: singleLine.refine((value) => value.trim() !== "", "must not be blank").optional(),
  /** Name of the uploaded file on Robin's host; `.eml` is appended unless it is there. */
  filename: singleLine
    .max(200)
    .refine((value) => value.trim() !== "" && !/[/\\]|\.\./.test(value), "must be a plain file name")
    .optional(),
  protocol: protocol.optional(),
  mailbox: mailbox.optional(),
});
export type EnqueueRawMessage = z.infer<typeof EnqueueRawMessage>;

export const EnqueueResult = z.object({
  /** Session UID, not the relay UID: find the entry with this `sessionUid` in the list. */
  sessionUid: z.string().min(1),
  /** READY and CLAIMED items afterwards. */
  queueSize: count,
  /** Path on Robin's host, uploads only; Robin never removes it. */
  uploadedFile: z.string().exactOptional(),
  /** Envelopes queued. */
  envelopes: count,
});
export type EnqueueResult = z.infer<typeof EnqueueResult>;

/** Robin's wire form of an enqueue answer. */
export const EnqueueAnswer = z
  .object({
    queueSize: count,
    uploadedFile: z.string().optional(),
    session: z.object({ uid: z.string().min(1), envelopes: z.array(z.unknown()) }),
  })
  .transform(({ queueSize, session, uploadedFile }): EnqueueResult => ({
    sessionUid: session.uid,
    queueSize,
    ...(uploadedFile === undefined ? {} : { uploadedFile }),
    envelopes: session.envelopes.length,
  }));

/** Robin's wire form of a mutation answer; each route names its count differently. */
export function mutationAnswer(countKey: "deletedCount" | "retriedCount" | "bouncedCount") {
  return z
    .looseObject({ queueSize: count, status: z.literal("OK") })
    .transform((answer): unknown => ({ count: answer[countKey], queueSize: answer.queueSize }))
    .pipe(QueueMutationResult);
}
