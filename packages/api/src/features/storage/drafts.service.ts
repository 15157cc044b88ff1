import { isRobinError, type StoreEntry } from "@robin/sdk";
import MailComposer from "nodemailer/lib/mail-composer/index.js";
import { changeOptions, type Context, readOptions } from "../../context.ts";
import { Download, downloadOptions, throughDisk } from "../../download.ts";
import { AppError } from "../../errors.ts";
import { withAudit } from "../audit/audit.service.ts";
import type { MailAddress } from "../mail/mail-address.ts";
import type {
  AddAttachmentInput,
  Attachment,
  CreateDraftInput,
  DeletedDraft,
  DraftInput,
  DraftOutput,
  ListAttachmentsOutput,
  AttachmentInput,
  RemovedAttachment,
  UpdateDraftInput,
} from "./drafts.schemas.ts";
import { addressOf, askStore } from "./robin-store.ts";

// Robin says nothing of a draft that is not there: it would make it, or take its deletion for done. All of these but
// `createDraft` look first, and throw AppError `not_found`.

const noAttachment = "There is no such attachment.";

/** Makes the folder and the account's directory, too. */
export async function createDraft(ctx: Context, input: CreateDraftInput): Promise<DraftOutput> {
  const { domain, user } = input;
  const message = await messageOf(input);
  return withAudit(ctx, { action: "storage.createDraft", targets: [addressOf(input)] }, async () => {
    const draft = { domain, user, draft: { message } };
    const { draftId } = await ctx.deps.robin.store.drafts.create(draft, changeOptions(ctx));
    return toDraft({ domain, user, draftId });
  });
}

/** Replaces the whole message; attachments stay. */
export async function updateDraft(ctx: Context, input: UpdateDraftInput): Promise<DraftOutput> {
  const { domain, user, draftId } = input;
  const { store } = ctx.deps.robin;
  const message = await messageOf(input);
  return withAudit(ctx, { action: "storage.updateDraft", targets: [addressOf(input), draftId] }, async () => {
    const place = await findDraft(ctx, input);
    // Robin writes to the unread ones, so that a draft that was read would be there twice.
    if (place === "cur") {
      const unread = { domain, user, folder: "Drafts", read: false, messageIds: [draftId] };
      await store.messages.setReadStatus(unread, changeOptions(ctx));
    }
    await store.drafts.update({ domain, user, draftId, draft: { message } }, changeOptions(ctx));
    return toDraft(input);
  });
}

/** With its attachments, which go first: what is left after a failure can be deleted again. */
export async function deleteDraft(ctx: Context, input: DraftInput): Promise<DeletedDraft> {
  const { domain, user, draftId } = input;
  const { drafts, folders } = ctx.deps.robin.store;
  return withAudit(ctx, { action: "storage.deleteDraft", targets: [addressOf(input), draftId] }, async () => {
    await findDraft(ctx, input);
    const attachments = await drafts.listAttachments(input, changeOptions(ctx));
    for (const { name } of attachments) {
      await drafts.removeAttachment({ domain, user, draftId, attachmentId: name }, changeOptions(ctx));
    }
    await drafts.delete(input, changeOptions(ctx));
    if (attachments.length > 0) {
      // Their directory is empty now, and a folder to Robin. Left behind it does no harm.
      const folder = `.Drafts/attachments/${draftId}`;
      await folders.delete({ domain, user, folder }, changeOptions(ctx)).catch(() => undefined);
    }
    return { success: true, attachmentsDeleted: attachments.length };
  });
}

export async function listAttachments(ctx: Context, input: DraftInput): Promise<ListAttachmentsOutput> {
  await findDraft(ctx, input);
  const entries = await ctx.deps.robin.store.drafts.listAttachments(input, readOptions(ctx));
  return { items: entries.map(toAttachment) };
}

export async function addAttachment(ctx: Context, input: AddAttachmentInput): Promise<Attachment> {
  const { domain, user, draftId, fileName, content } = input;
  const targets = [addressOf(input), draftId, fileName];
  return withAudit(ctx, { action: "storage.addAttachment", targets }, async () => {
    await findDraft(ctx, input);
    const file = { domain, user, draftId, filename: fileName, content };
    const { attachmentId } = await ctx.deps.robin.store.drafts.addAttachment(file, changeOptions(ctx));
    return { attachmentId, fileName, size: content.byteLength };
  });
}

/** The file as it was put there; Robin does not know its type. */
export async function downloadAttachment(ctx: Context, input: AttachmentInput): Promise<Download> {
  const { domain, user, draftId, attachmentId } = input;
  const path = `${domain}/${user}/.Drafts/attachments/${draftId}/${attachmentId}`;
  const stream = await askStore({ missing: noAttachment }, () =>
    ctx.deps.robin.store.openMessage({ path }, downloadOptions(ctx)),
  );
  const head = { fileName: fileNameIn(attachmentId), mediaType: "application/octet-stream" };
  return new Download(head, await throughDisk(stream.body));
}

export async function removeAttachment(ctx: Context, input: AttachmentInput): Promise<RemovedAttachment> {
  const { draftId, attachmentId } = input;
  const { drafts } = ctx.deps.robin.store;
  const targets = [addressOf(input), draftId, attachmentId];
  return withAudit(ctx, { action: "storage.removeAttachment", targets }, async () => {
    const attachments = await drafts.listAttachments(input, changeOptions(ctx));
    if (!attachments.some(({ name }) => name === attachmentId)) {
      throw new AppError("not_found", noAttachment);
    }
    await drafts.removeAttachment(input, changeOptions(ctx));
    return { success: true };
  });
}

/** Robin's own form of a draft has neither a date nor a charset. */
async function messageOf({ message, ...fields }: CreateDraftInput): Promise<Uint8Array<ArrayBuffer>> {
  if (message) return message;
  const { from, to, cc, bcc, subject, text, html } = fields;
  const mail = new MailComposer({
    from: from && withName(from),
    to: to.map(withName),
    cc: cc.map(withName),
    bcc: bcc.map(withName),
    subject,
    text: text ?? (html === undefined ? "" : undefined),
    html,
    newline: "\r\n",
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  // A draft is where its author finds them again.
  mail.keepBcc = true;
  return new Uint8Array(await mail.build());
}

function withName({ name = "", address }: MailAddress): { name: string; address: string } {
  return { name, address };
}

/** @throws AppError `not_found` */
async function findDraft(ctx: Context, { domain, user, draftId }: DraftInput): Promise<"new" | "cur"> {
  for (const place of ["new", "cur"] as const) {
    const entries = await entriesOf(ctx, `${domain}/${user}/.Drafts/${place}`);
    if (entries.some(({ type, name }) => type === "message" && name === draftId)) return place;
  }
  throw new AppError("not_found", "There is no such draft.");
}

async function entriesOf(ctx: Context, path: string): Promise<StoreEntry[]> {
  try {
    return (await ctx.deps.robin.store.list({ path }, readOptions(ctx))).entries;
  } catch (error) {
    if (isRobinError(error) && error.status === 404) return [];
    throw error;
  }
}

function toDraft({ domain, user, draftId }: DraftInput): DraftOutput {
  return { draftId, path: `/${domain}/${user}/.Drafts/new/${draftId}` };
}

function toAttachment(entry: StoreEntry): Attachment {
  const size = entry.type === "message" ? entry.sizeBytes : 0;
  return { attachmentId: entry.name, fileName: fileNameIn(entry.name), size };
}

/** Robin calls them `att-{uuid}-{fileName}.eml`. */
function fileNameIn(attachmentId: string): string {
  return attachmentId.replace(/^att-[0-9a-f-]{36}-/, "").replace(/\.eml$/, "");
}
