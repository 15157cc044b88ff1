import { z } from "zod";
import { MessageId, StoreAccount, StoreName } from "./store-paths.ts";

export { DoneAnswer } from "./store.schemas.ts";

/** Text of a header: a line break would begin another one. */
// eslint-disable-next-line no-control-regex
const headerText = z.string().regex(/^[^\x00-\x1f\x7f]*$/, "must not contain control characters");

export const DraftContent = z.union([
  z.strictObject({
    /** A finished message in RFC 5322 form, kept byte for byte; may be empty. */
    message: z.instanceof(Uint8Array),
  }),
  z.strictObject({
    /** Headers as they are, in UTF-8; Robin adds no Date, no Message-ID and no MIME headers. Absent or blank ones are left out. */
    from: headerText.exactOptional(),
    to: headerText.exactOptional(),
    subject: headerText.exactOptional(),
    text: z.string().exactOptional(),
  }),
]);
export type DraftContent = z.infer<typeof DraftContent>;

export const CreateDraftInput = StoreAccount.extend({ draft: DraftContent });
export type CreateDraftInput = z.input<typeof CreateDraftInput>;

export const DraftInput = StoreAccount.extend({
  /** The file name, as `create` gave it. Robin would store other names, too, and never show them. */
  draftId: MessageId,
});
export type DraftInput = z.input<typeof DraftInput>;

export const UpdateDraftInput = DraftInput.extend({ draft: DraftContent });
export type UpdateDraftInput = z.input<typeof UpdateDraftInput>;

/** Robin puts `att-`, a UUID and a dash before it and `.eml` after it, in 255 bytes. */
const filenameBytesMax = 255 - 41 - 4;

export const AttachmentName = StoreName.refine((name) => name.trim() === name, "must not have blanks around it").refine(
  (name) => Buffer.byteLength(name) <= filenameBytesMax,
  `must not be longer than ${filenameBytesMax} bytes`,
);

export const AddAttachmentInput = DraftInput.extend({
  filename: AttachmentName,
  content: z.instanceof(Uint8Array),
});
export type AddAttachmentInput = z.input<typeof AddAttachmentInput>;

export const RemoveAttachmentInput = DraftInput.extend({ attachmentId: MessageId });
export type RemoveAttachmentInput = z.input<typeof RemoveAttachmentInput>;

export const DraftId = z.object({ draftId: z.string().min(1) });
export type DraftId = z.infer<typeof DraftId>;

export const AttachmentId = z.object({
  /** `att-{uuid}-{filename}.eml`. */
  attachmentId: z.string().min(1),
});
export type AttachmentId = z.infer<typeof AttachmentId>;

// Robin's wire forms.

export const DraftAnswer = z
  .object({ r: z.literal(1), draftId: z.string().min(1) })
  .transform(({ draftId }): DraftId => ({ draftId }));

export const AttachmentAnswer = z
  .object({ r: z.literal(1), f: z.tuple([z.string().min(1)]) })
  .transform(({ f: [attachmentId] }): AttachmentId => ({ attachmentId }));
