import { AttachmentName, MessageId } from "@robin/sdk";
import { z } from "zod";
import { accountFields } from "./storage.schemas.ts";

/** As large as a mail that is sent. */
const uploadBytesMax = 25 * 1024 * 1024;
const exampleDraftId = "draft-5a2ce6a0-7d0d-4a3c-9d2f-6a9c1d1e8f10.eml";
const exampleAttachmentId = "att-0c1e5891-3ea6-4d36-b29e-ebe755134150-menu.pdf.eml";

const exampleAttachment = {
  attachmentId: exampleAttachmentId,
  filename: "menu.pdf",
  size: 48_213,
};

const tooLarge = `must not be larger than ${uploadBytesMax / 1024 ** 2} MB`;

const asBase64 = { type: "string", contentEncoding: "base64" } as const;
const Bytes = z.instanceof(Uint8Array).meta({ override: asBase64 });

/** Bytes, or their base64 from callers who have only JSON. */
function bytesParam(description: string) {
  return z
    .union([
      Bytes,
      z
        .string()
        .max(Math.ceil(uploadBytesMax / 3) * 4, tooLarge)
        .refine((text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text), "is not base64")
        .transform((text) => new Uint8Array(Buffer.from(text, "base64"))),
    ])
    .pipe(Bytes.refine(({ byteLength }) => byteLength <= uploadBytesMax, tooLarge))
    .meta({
      description,
      override: ({ jsonSchema }: { jsonSchema: Record<string, unknown> }) => {
        delete jsonSchema.anyOf;
        Object.assign(jsonSchema, asBase64);
      },
    });
}

const Address = z.email().max(254);
const Addresses = z.array(Address).max(100);
/** A line break in a header would begin another one. */
const HeaderText = z
  .string()
  .max(998)
  .regex(/^[ -~\u00a0-\uffff]*$/, "has a control character");

const contentFields = {
  from: Address.optional(),
  to: Addresses.optional(),
  cc: Addresses.optional(),
  bcc: Addresses.optional(),
  subject: HeaderText.optional(),
  text: z.string().optional().meta({ description: "The body as plain text." }),
  html: z.string().optional().meta({ description: "The body as HTML; with `text` both are kept as alternatives." }),
  message: bytesParam(
    "A finished message in place of all the other fields, in RFC 5322 form, kept byte for byte; at most 25 MB.",
  ).optional(),
};
type DraftContent = z.infer<z.ZodObject<typeof contentFields>>;

const isOneOrTheOther = ({ from, to, cc, bcc, subject, text, html, message }: DraftContent): boolean =>
  message === undefined || [from, to, cc, bcc, subject, text, html].every((field) => field === undefined);
const alone = { path: ["message"], error: "is the whole message: the other fields cannot go with it" };
const exampleDraft = { from: "tony@example.com", to: ["pepper@example.com"], subject: "Lunch", text: "At noon?" };

export const CreateDraftInput = z
  .strictObject({ ...accountFields, ...contentFields })
  .refine(isOneOrTheOther, alone)
  .meta({ examples: [exampleDraft] });
export type CreateDraftInput = z.infer<typeof CreateDraftInput>;

const draftFields = {
  ...accountFields,
  draftId: MessageId.meta({ description: "The draft's file name.", examples: [exampleDraftId] }),
};

export const DraftInput = z.strictObject(draftFields);
export type DraftInput = z.infer<typeof DraftInput>;

export const UpdateDraftInput = z
  .strictObject({ ...draftFields, ...contentFields })
  .refine(isOneOrTheOther, alone)
  .meta({ examples: [exampleDraft] });
export type UpdateDraftInput = z.infer<typeof UpdateDraftInput>;

export const DraftOutput = z
  .object({ draftId: z.string(), path: z.string().meta({ description: "Where GET /storage/file finds it." }) })
  .meta({
    id: "Draft",
    examples: [{ draftId: exampleDraftId, path: `/example.com/tony/.Drafts/new/${exampleDraftId}` }],
  });
export type DraftOutput = z.infer<typeof DraftOutput>;

export const DeletedDraft = z
  .object({ success: z.literal(true), attachmentsDeleted: z.int().min(0) })
  .meta({ examples: [{ success: true, attachmentsDeleted: 1 }] });
export type DeletedDraft = z.infer<typeof DeletedDraft>;

export const Attachment = z
  .object({
    attachmentId: z.string(),
    filename: z.string(),
    size: z.int().min(0).meta({ description: "Bytes." }),
  })
  .meta({ id: "Attachment", examples: [exampleAttachment] });
export type Attachment = z.infer<typeof Attachment>;

export const ListAttachmentsOutput = z
  .object({ items: z.array(Attachment) })
  .meta({ examples: [{ items: [exampleAttachment] }] });
export type ListAttachmentsOutput = z.infer<typeof ListAttachmentsOutput>;

export const AddAttachmentInput = z
  .strictObject({
    ...draftFields,
    filename: AttachmentName.meta({ description: "At most 210 bytes." }),
    content: bytesParam("The file, as base64; at most 25 MB."),
  })
  .meta({ examples: [{ filename: "menu.txt", content: "U291cCwgYnJlYWQK" }] });
export type AddAttachmentInput = z.infer<typeof AddAttachmentInput>;

export const AttachmentInput = z.strictObject({
  ...draftFields,
  attachmentId: MessageId.meta({ description: "As the list of attachments has it.", examples: [exampleAttachmentId] }),
});
export type AttachmentInput = z.infer<typeof AttachmentInput>;

export const RemovedAttachment = z.object({ success: z.literal(true) }).meta({ examples: [{ success: true }] });
export type RemovedAttachment = z.infer<typeof RemovedAttachment>;
