import { z } from "zod";
import { FolderPath, MessageId, StoreAccount } from "./store-paths.ts";

const count = z.int().min(0);

/** Robin takes domain and user in any case. */
export const MailboxInput = StoreAccount.extend({
  /** Only mails in this state; the counts follow it. */
  state: z.enum(["read", "unread"]).optional(),
});
export type MailboxInput = z.input<typeof MailboxInput>;

export const MailboxFolderInput = MailboxInput.extend({
  /** `Projects/2026`; the inbox when empty or `inbox`, and `sent` in any case is the other system folder. */
  folder: FolderPath,
});
export type MailboxFolderInput = z.input<typeof MailboxFolderInput>;

export const MailboxMessageInput = StoreAccount.extend({ messageId: MessageId });
export type MailboxMessageInput = z.input<typeof MailboxMessageInput>;

export const MailboxMessage = z.object({
  /** `msg-{milliseconds}-{uuid}.eml`. */
  id: z.string().min(1),
  folder: z.string(),
  read: z.boolean(),
  receivedAt: z.date(),
  /** Of the last move or change of state. */
  updatedAt: z.date(),
  sizeBytes: count,
  /** These three are absent for mail that came over SMTP: read them from the content. */
  subject: z.string().exactOptional(),
  from: z.string().exactOptional(),
  to: z.string().exactOptional(),
  /** A path on Robin's host. */
  sourceFile: z.string().exactOptional(),
});
export type MailboxMessage = z.infer<typeof MailboxMessage>;

export const MailboxFolder = z.object({
  path: z.string(),
  /** The inbox and the folder for sent mail, which cannot be changed. */
  isSystem: z.boolean(),
  total: count,
  unread: count,
});
export type MailboxFolder = z.infer<typeof MailboxFolder>;

export const Mailbox = z.object({
  domain: z.string(),
  user: z.string(),
  /** By path, without regard to case. Totals count what the state filter left. */
  folders: z.array(MailboxFolder),
  /** Of all folders, newest first. */
  messages: z.array(MailboxMessage),
});
export type Mailbox = z.infer<typeof Mailbox>;

export const MailboxFolderProperties = z.object({
  /** As Robin has it, `Inbox` for the inbox. */
  folder: z.string(),
  total: count,
  unread: count,
  read: count,
  /** Bytes of its mails, sub-folders left out. */
  sizeBytes: count,
});
export type MailboxFolderProperties = z.infer<typeof MailboxFolderProperties>;

export const MailboxFolderView = z.object({
  /** Of what the state filter left. */
  properties: MailboxFolderProperties,
  /** Newest first. */
  messages: z.array(MailboxMessage),
});
export type MailboxFolderView = z.infer<typeof MailboxFolderView>;

export interface MailboxContent {
  message: MailboxMessage;
  /** The mail as it was received, byte for byte. */
  content: Buffer;
}

// Robin's wire forms.

/** The years that a Date can hold. */
const epochMs = z.int().min(0).max(8.64e15);

const wireMessage = z
  .object({
    id: z.string().min(1),
    folder: z.string(),
    read: z.boolean(),
    receivedAt: epochMs,
    updatedAt: epochMs,
    size: count,
    subject: z.string().optional(),
    from: z.string().optional(),
    to: z.string().optional(),
    sourceFile: z.string().optional(),
  })
  .transform(({ receivedAt, updatedAt, size, subject, from, to, sourceFile, ...rest }): MailboxMessage => ({
    ...rest,
    receivedAt: new Date(receivedAt),
    updatedAt: new Date(updatedAt),
    sizeBytes: size,
    // Robin writes "" for unknown.
    ...(subject ? { subject } : {}),
    ...(from ? { from } : {}),
    ...(to ? { to } : {}),
    ...(sourceFile ? { sourceFile } : {}),
  }));

const r = z.literal(1);

export const MailboxAnswer = z
  .object({
    r,
    domain: z.string(),
    user: z.string(),
    folders: z.array(z.object({ path: z.string(), system: z.boolean(), total: count, unread: count })),
    messages: z.array(wireMessage),
  })
  .transform(({ domain, user, folders, messages }): Mailbox => ({
    domain,
    user,
    folders: folders.map(({ system, ...folder }) => ({ ...folder, isSystem: system })),
    messages,
  }));

export const MailboxPropertiesAnswer = z
  .object({ r, folder: z.string(), total: count, unread: count, read: count, size: count })
  .transform(({ folder, total, unread, read, size }): MailboxFolderProperties => ({
    folder,
    total,
    unread,
    read,
    sizeBytes: size,
  }));

export const MailboxFolderAnswer = z
  .object({ r, properties: MailboxPropertiesAnswer, messages: z.array(wireMessage) })
  .transform(({ properties, messages }): MailboxFolderView => ({ properties, messages }));

/** Robin writes each byte as one character. */
export const MailboxContentAnswer = z
  .object({ message: wireMessage, content: z.string() })
  .transform(({ message, content }): MailboxContent => ({ message, content: Buffer.from(content, "latin1") }));
