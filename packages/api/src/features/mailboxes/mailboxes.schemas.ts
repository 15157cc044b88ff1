import { MessageId } from "@robin/sdk";
import { z } from "zod";
import { pageFields, pageOutput } from "../../listing.ts";
import { Instant } from "../../rest-input.ts";
import { accountFields, Folder } from "../storage/storage.schemas.ts";

const Count = z.int().min(0);
const Bytes = z.int().min(0).meta({ description: "Bytes." });

const exampleMessage = {
  id: "msg-1787318536000-0c1e5891-3ea6-4d36-b29e-ebe755134150.eml",
  folder: "Inbox",
  read: false,
  receivedAt: "2026-08-21T13:22:16.000Z",
  updatedAt: "2026-08-21T13:22:16.000Z",
  size: 1234,
};
const examplePage = { items: [exampleMessage], total: 1, page: 1, limit: 50, pages: 1 };
const exampleProperties = { folder: "Inbox", total: 5, unread: 3, read: 2, size: 2048 };

const state = z
  .enum(["read", "unread"])
  .optional()
  .meta({ description: "Only mails in this state; the counts of the folders are of all." });

export const MailboxMessage = z
  .object({
    id: z.string(),
    folder: z.string(),
    read: z.boolean(),
    receivedAt: Instant,
    updatedAt: Instant.meta({ description: "When it was last moved or marked." }),
    size: Bytes,
    subject: z.string().optional().meta({ description: "Absent for mail that came over SMTP, as are from and to." }),
    from: z.string().optional(),
    to: z.string().optional(),
  })
  .meta({ id: "MailboxMessage" });
export type MailboxMessage = z.infer<typeof MailboxMessage>;

export const ViewMailboxInput = z.strictObject({
  ...accountFields,
  ...pageFields,
  state,
  folder: Folder.optional().meta({ description: "Only mails of this folder, not of those below it." }),
});
export type ViewMailboxInput = z.infer<typeof ViewMailboxInput>;

export const ViewMailboxOutput = z
  .object({
    domain: z.string(),
    user: z.string(),
    folders: z
      .array(
        z.object({
          path: z.string(),
          system: z.boolean().meta({ description: "The inbox and the folder for sent mail, which cannot be changed." }),
          total: Count,
          unread: Count,
        }),
      )
      .meta({ description: "By path, without regard to case." }),
    ...pageOutput(MailboxMessage).shape,
  })
  .meta({
    examples: [
      {
        domain: "example.com",
        user: "tony",
        folders: [{ path: "Inbox", system: true, total: 5, unread: 3 }],
        ...examplePage,
      },
    ],
  });
export type ViewMailboxOutput = z.infer<typeof ViewMailboxOutput>;

export const MailboxFolderInput = z.strictObject({ ...accountFields, ...pageFields, state, folder: Folder });
export type MailboxFolderInput = z.infer<typeof MailboxFolderInput>;

export const MailboxFolderProperties = z
  .object({
    folder: z.string().meta({ description: "As Robin calls it." }),
    total: Count,
    unread: Count,
    read: Count,
    size: Bytes.meta({ description: "Bytes of its mails, without those in folders below it." }),
  })
  .meta({ id: "MailboxFolderProperties", examples: [exampleProperties] });
export type MailboxFolderProperties = z.infer<typeof MailboxFolderProperties>;

export const MailboxFolderOutput = z
  .object({ properties: MailboxFolderProperties, ...pageOutput(MailboxMessage).shape })
  .meta({ examples: [{ properties: exampleProperties, ...examplePage }] });
export type MailboxFolderOutput = z.infer<typeof MailboxFolderOutput>;

export const MailboxMessageInput = z.strictObject({
  ...accountFields,
  messageId: MessageId.meta({ description: "The mail's id.", examples: [exampleMessage.id] }),
});
export type MailboxMessageInput = z.infer<typeof MailboxMessageInput>;

export const MailboxMessageOutput = z
  .object({
    message: MailboxMessage,
    content: z.string().meta({ description: "The whole mail as text, its MIME parts untouched." }),
    charset: z.string().meta({
      description: "What the bytes were read as: utf-8 where they are, else what the mail claims, else windows-1252.",
    }),
    mimeType: z.literal("message/rfc822"),
  })
  .meta({
    examples: [
      {
        message: exampleMessage,
        content: "Subject: Lunch\r\n\r\nAt noon?\r\n",
        charset: "utf-8",
        mimeType: "message/rfc822",
      },
    ],
  });
export type MailboxMessageOutput = z.infer<typeof MailboxMessageOutput>;
