import {
  decodeMessage,
  type MailboxFolderProperties as RobinProperties,
  type MailboxMessage as RobinMessage,
} from "@robin/sdk";
import { type Context, readOptions } from "../../context.ts";
import { Download, downloadOptions } from "../../download.ts";
import { AppError } from "../../errors.ts";
import { toPage } from "../../listing.ts";
import { askStore } from "../storage/robin-store.ts";
import type { FolderPropertiesInput } from "../storage/storage.schemas.ts";
import { requireShort } from "../storage/storage.service.ts";
import type {
  MailboxFolderInput,
  MailboxFolderOutput,
  MailboxFolderProperties,
  MailboxMessage,
  MailboxMessageInput,
  MailboxMessageOutput,
  ViewMailboxInput,
  ViewMailboxOutput,
} from "./mailboxes.schemas.ts";

// All of these throw AppError `conflict` while Robin has this store off, `not_found` for a folder or mail that is not
// there. Robin is never asked for one state only: its counts would follow.

const noFolder = { missing: "There is no such folder." };
const noMail = { missing: "There is no such mail in this mailbox." };

/** Newest mails first. A mailbox that was never used looks like an empty one. */
export async function viewMailbox(ctx: Context, input: ViewMailboxInput): Promise<ViewMailboxOutput> {
  const { domain, user } = input;
  const mailbox = await askStore(noFolder, () => ctx.deps.robin.mailboxes.view({ domain, user }, readOptions(ctx)));
  const folders = mailbox.folders.map(({ path, isSystem, total, unread }) => ({
    path,
    system: isSystem,
    total,
    unread,
  }));
  const folder = input.folder === undefined ? undefined : folderIn(folders, input.folder);
  const messages = mailbox.messages.filter((message) => folder === undefined || message.folder === folder);
  return { domain: mailbox.domain, user: mailbox.user, folders, ...pageOf(messages, input) };
}

export async function viewMailboxFolder(ctx: Context, input: MailboxFolderInput): Promise<MailboxFolderOutput> {
  const { domain, user, folder } = input;
  const { properties, messages } = await askStore(noFolder, () =>
    ctx.deps.robin.mailboxes.folder({ domain, user, folder }, readOptions(ctx)),
  );
  return { properties: toProperties(properties), ...pageOf(messages, input) };
}

export async function mailboxFolderProperties(
  ctx: Context,
  input: FolderPropertiesInput,
): Promise<MailboxFolderProperties> {
  const ask = () => ctx.deps.robin.mailboxes.folderProperties(input, readOptions(ctx));
  return toProperties(await askStore(noFolder, ask));
}

/** @throws AppError `conflict` also for a mail that is too large for text */
export async function readMailboxMessage(ctx: Context, input: MailboxMessageInput): Promise<MailboxMessageOutput> {
  const { message, content } = await askStore(noMail, () => ctx.deps.robin.mailboxes.message(input, readOptions(ctx)));
  requireShort(content.byteLength, "GET /mailboxes/{domain}/{user}/messages/{messageId}/raw");
  const { text, charset } = decodeMessage(content);
  return { message: toMessage(message), content: text, charset, mimeType: "message/rfc822" };
}

/** Robin sends these mails within JSON, so that the whole is in memory for a moment. */
export async function downloadMailboxMessage(ctx: Context, input: MailboxMessageInput): Promise<Download> {
  const { message, content } = await askStore(noMail, () =>
    ctx.deps.robin.mailboxes.message(input, downloadOptions(ctx)),
  );
  const body = new Blob([new Uint8Array(content)]).stream();
  return new Download({ fileName: message.id, mediaType: "message/rfc822" }, body);
}

function pageOf(messages: readonly RobinMessage[], input: MailboxFolderInput | ViewMailboxInput) {
  const { state, page, limit } = input;
  const matching = messages.filter(({ read }) => state === undefined || read === (state === "read"));
  const items = matching.slice((page - 1) * limit, page * limit).map(toMessage);
  return toPage(items, matching.length, { page, limit });
}

/** The system folders have names in any case; an empty one is the inbox. */
function folderIn(folders: ViewMailboxOutput["folders"], asked: string): string {
  const name = asked === "" ? "inbox" : asked;
  const found =
    folders.find(({ path }) => path === name) ??
    folders.find(({ path, system }) => system && path.toLowerCase() === name.toLowerCase());
  if (!found) throw new AppError("not_found", noFolder.missing);
  return found.path;
}

/** Without the file on Robin's host that it came from. */
function toMessage({ id, folder, read, receivedAt, updatedAt, sizeBytes, ...head }: RobinMessage): MailboxMessage {
  const { subject, from, to } = head;
  return {
    id,
    folder,
    read,
    receivedAt,
    updatedAt,
    size: sizeBytes,
    ...(subject !== undefined && { subject }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
}

function toProperties({ sizeBytes, ...counts }: RobinProperties): MailboxFolderProperties {
  return { ...counts, size: sizeBytes };
}
