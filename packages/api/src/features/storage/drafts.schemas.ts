import { AttachmentName, MessageId } from "@robin/sdk";
import { z } from "zod";
import { Bytes } from "../mail/bytes-param.ts";
import { ComposeMailInput } from "../mail/mail.schemas.ts";
import { accountFields } from "./storage.schemas.ts";

/** As large as a mail that is sent. */
const uploadBytesMax = 25 * 1024 * 1024;
const exampleDraftId = "draft-5a2ce6a0-7d0d-4a3c-9d2f-6a9c1d1e8f10.eml";
const exampleAttachmentId = "att-0c1e5891-3ea6-4d36-b29e-ebe755134150-menu.pdf.eml";

const exampleAttachment = {
  attachmentId: exampleAttachmentId,
  fileName: "menu.pdf",
  size: 48_213,
};

const tooLarge = `must not be larger than ${uploadBytesMax / 1024 ** 2} MB`;

const Upload = Bytes.pipe(z.instanceof(Uint8Array).refine(({ byteLength }) => byteLength <= uploadBytesMax, tooLarge));

/** Whoever can send a mail can write a draft of it; nothing has to be there yet. */
const ofMail = ComposeMailInput.shape;
const contentFields = {
  from: ofMail.from.optional().meta({ description: "From header." }),
  to: ofMail.to,
  cc: ofMail.cc,
  bcc: ofMail.bcc.meta({ description: "Kept in the draft, for its author to see." }),
  subject: ofMail.subject,
  text: ofMail.text,
  html: ofMail.html,
  message: Upload.optional().meta({
    description:
      "A finished message in place of all the other fields: RFC 5322 as base64, kept byte for byte; at most 25 MB.",
  }),
};
type DraftContent = z.infer<z.ZodObject<typeof contentFields>>;

const isOneOrTheOther = ({ message, from, to, cc, bcc, subject, text, html }: DraftContent): boolean =>
  message === undefined ||
  ([from, ...to, ...cc, ...bcc].every((one) => one === undefined) && !subject && !text && !html);
const alone = { path: ["message"], error: "is the whole message: the other fields cannot go with it" };
const exampleDraft = {
  from: "Tony <tony@example.com>",
  to: ["pepper@example.com"],
  subject: "Lunch",
  text: "At noon?",
};

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
    fileName: z.string(),
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
    fileName: AttachmentName.meta({ description: "The name alone, without a path; at most 210 bytes." }),
    content: Upload.meta({
      description:
        "Base64; at most 25 MB. Bytes of typed clients grow fourfold on their way, so large ones go as base64, too.",
    }),
  })
  .meta({ examples: [{ fileName: "menu.txt", content: "U291cCwgYnJlYWQK" }] });
export type AddAttachmentInput = z.infer<typeof AddAttachmentInput>;

export const AttachmentInput = z.strictObject({
  ...draftFields,
  attachmentId: MessageId.meta({ description: "As the list of attachments has it.", examples: [exampleAttachmentId] }),
});
export type AttachmentInput = z.infer<typeof AttachmentInput>;

export const RemovedAttachment = z.object({ success: z.literal(true) }).meta({ examples: [{ success: true }] });
export type RemovedAttachment = z.infer<typeof RemovedAttachment>;
