import { RecipientVerdict } from "@robin/sdk";
import { z } from "zod";
import { documentedAs } from "../../rest-input.ts";
import { Bytes } from "./bytes-param.ts";
import { type MailAddress, readAddress, readMailbox, withName, withoutBlanks } from "./mail-address.ts";

const recipientsMax = 100;
const attachmentsMax = 100;
const fileNameBytesMax = 255;

/** What was read, or an issue that says why not. */
function orIssue<Read extends object>(read: Read | { problem: string }, ctx: z.RefinementCtx): Read {
  if (!("problem" in read)) return read;
  ctx.addIssue(read.problem);
  return z.NEVER;
}

const Mailbox = z
  .union([z.string().max(600), z.strictObject({ name: z.string().optional(), address: z.string() })])
  .transform((value, ctx) =>
    orIssue<MailAddress>(
      typeof value === "string"
        ? readMailbox(value)
        : withName(readAddress(withoutBlanks(value.address)), withoutBlanks(value.name ?? "")),
      ctx,
    ),
  )
  .meta({
    description: "`pepper@example.com`, `Pepper Potts <pepper@example.com>`, or an object with `address` and `name`.",
  });

const Mailboxes = z.array(Mailbox).max(recipientsMax);

/** For the envelope: nothing but the address. */
const Address = z
  .string()
  .max(320)
  .transform((text, ctx) => orIssue(readAddress(withoutBlanks(text)), ctx).address);

/** Lines become one, as subjects have it; other control characters have no place in a header. */
const Subject = z
  .string()
  .max(998)
  .transform((text) => text.replaceAll(/\s*[\r\n]+\s*/g, " ").replaceAll("\t", " "))
  // eslint-disable-next-line no-control-regex
  .refine((text) => !/[\0-\x1f\x7f-\x9f]/.test(text), "has a control character")
  .refine((text) => text.isWellFormed(), "has half a character");

/** Words of printable ASCII. Robin's tags cannot be encoded here. */
const HeaderWords = z
  .string()
  .trim()
  .max(5000)
  .regex(/^[!-~]{1,900}(?: [!-~]{1,900})*$/, "must be words of printable ASCII, one blank between them")
  .refine((text) => !text.includes("{$"), "holds {$, which Robin would replace");

/** Those that need more than a client's own mind. Everything that decides about delivery or identity stays out. */
const ExtraHeaders = z
  .strictObject({
    "In-Reply-To": HeaderWords,
    References: HeaderWords,
    "List-Id": HeaderWords,
    "List-Unsubscribe": HeaderWords,
    "List-Unsubscribe-Post": HeaderWords,
    "Auto-Submitted": HeaderWords,
  })
  .partial();

const Attachment = z
  .strictObject({
    fileName: z
      .string()
      .min(1)
      // eslint-disable-next-line no-control-regex
      .refine((name) => !/[\0-\x1f\x7f-\x9f]/.test(name), "has a control character")
      .refine((name) => name.isWellFormed(), "has half a character")
      .refine((name) => !/[/\\]/.test(name) && !/^\.\.?$/.test(name), "must be a name without a path")
      .refine((name) => Buffer.byteLength(name) <= fileNameBytesMax, `has more than ${fileNameBytesMax} bytes`)
      .meta({ description: "The name alone, without a path; at most 255 bytes." }),
    mediaType: z
      .string()
      .max(127)
      .regex(/^[a-z]+\/[a-z0-9][a-z0-9.+-]*$/i, "is not a media type such as image/png")
      .refine(
        (type) => !/^(?:message|multipart)\//i.test(type),
        "cannot be attached under this type: use application/octet-stream",
      )
      .optional()
      .meta({ description: "By default what the end of the name says, else application/octet-stream." }),
    content: Bytes.meta({ description: "Base64." }),
    contentId: z
      .string()
      .max(200)
      .regex(/^[\w.+-]+(?:@[\w.-]+)?$/, "is not a content id")
      .optional()
      .meta({ description: 'For an image within the HTML, which shows it with `<img src="cid:...">`.' }),
  })
  .meta({ id: "MailAttachment" });

const Route = z
  .string()
  .regex(/^[\w.-]{1,100}$/, "is not a route name")
  .optional()
  .meta({ description: "Name of a route in Robin's configuration; its default route otherwise." });

export const ComposeMailInput = z
  .strictObject({
    from: Mailbox.meta({ description: "Envelope sender and From header." }),
    to: Mailboxes.default([]),
    cc: Mailboxes.default([]),
    bcc: Mailboxes.default([]).meta({ description: "They get the message, and nobody sees their addresses." }),
    replyTo: z.array(Mailbox).max(10).default([]).meta({ description: "Where answers go, instead of to `from`." }),
    subject: Subject.default(""),
    text: z.string().optional().meta({ description: "The body as plain text; empty when there is no HTML either." }),
    html: z.string().optional().meta({ description: "The body as HTML; with `text` both are sent as alternatives." }),
    attachments: z.array(Attachment).max(attachmentsMax).default([]),
    headers: ExtraHeaders.default({}),
    route: Route,
  })
  .superRefine(({ to, cc, bcc }, ctx) => {
    const count = to.length + cc.length + bcc.length;
    if (count >= 1 && count <= recipientsMax) return;
    const message =
      count === 0 ? "has nobody in it, nor have cc and bcc" : "has too many, with cc and bcc: 100 at most";
    ctx.addIssue({ code: "custom", path: ["to"], message });
  })
  .meta({
    examples: [
      {
        from: "Tony <tony@example.com>",
        to: ["Pepper Potts <pepper@example.com>"],
        subject: "Lunch",
        text: "At noon? The menu is attached.",
        attachments: [{ fileName: "menu.txt", content: "U291cAo=" }],
      },
    ],
  });
export type ComposeMailInput = z.infer<typeof ComposeMailInput>;

export const RawMailInput = z.strictObject({
  mail: Address.meta({ description: "Envelope sender." }),
  rcpt: z
    .union([z.string(), z.array(z.string())])
    .transform((value) => [value].flat().flatMap((text) => text.split(",")))
    .pipe(z.array(Address).min(1).max(recipientsMax))
    .transform((addresses) => [...new Set(addresses)])
    .meta({
      description: "Recipients, joined with commas or given several times; 100 at most.",
      override: documentedAs({ type: "string" }),
    }),
  route: Route,
  message: Bytes.meta({ description: "The message in RFC 5322 form." }),
});
export type RawMailInput = z.infer<typeof RawMailInput>;

const exampleReply = "250 2.0.0 Received OK";

export const SendMailOutput = z
  .object({
    messageId: z
      .string()
      .optional()
      .meta({ description: "Message-ID header in angle brackets; absent when a raw message has none." }),
    delivered: z.boolean().meta({ description: "The next server took the message for every recipient." }),
    recipients: z.array(
      z.object({
        to: z.string(),
        verdict: RecipientVerdict.meta({
          description:
            "`delivered`: the next server has it. `deferred`: refused for now. `refused`: for good. `unknown`: it may or may not have arrived. `not-tried`: it did not.",
        }),
        smtpCode: z.int().optional().meta({ description: "Of the reply that decided it." }),
        smtpText: z.string().optional().meta({ description: "The whole reply, as the next server wrote it." }),
      }),
    ),
    connectionFailure: z
      .string()
      .optional()
      .meta({ description: "Why there was no connection to the next server, or why it broke, in Robin's words." }),
  })
  .meta({
    id: "SendMailResult",
    examples: [
      {
        messageId: "<b1d5-7f@example.com>",
        delivered: true,
        recipients: [{ to: "pepper@example.com", verdict: "delivered", smtpCode: 250, smtpText: exampleReply }],
      },
    ],
  });
export type SendMailOutput = z.infer<typeof SendMailOutput>;
