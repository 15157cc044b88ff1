import { DownloadOutput } from "../../download.ts";
import { robinProcedure, router } from "../../trpc.ts";
import { folderProcedures } from "../storage/folders.procedures.ts";
import { messageProcedures } from "../storage/messages.procedures.ts";
import { conflictErrors } from "../storage/robin-store.ts";
import { FolderPropertiesInput } from "../storage/storage.schemas.ts";
import {
  MailboxFolderInput,
  MailboxFolderOutput,
  MailboxFolderProperties,
  MailboxMessageInput,
  MailboxMessageOutput,
  ViewMailboxInput,
  ViewMailboxOutput,
} from "./mailboxes.schemas.ts";
import {
  downloadMailboxMessage,
  mailboxFolderProperties,
  readMailboxMessage,
  viewMailbox,
  viewMailboxFolder,
} from "./mailboxes.service.ts";

const tags = ["Mailboxes"];
const mailbox = "/mailboxes/{domain}/{user}";
/** `conflict`: this Robin keeps no mailboxes in RocksDB. */
const reads = robinProcedure.meta({ permission: "VIEW_STORAGE", errors: conflictErrors });

export const mailboxesRouter = router({
  view: reads
    .meta({
      openapi: {
        method: "GET",
        path: mailbox,
        tags,
        summary: "Show a mailbox: its folders and mails",
        description:
          "From the mailboxes that Robin keeps in RocksDB besides its files; 409 while it has them switched off. Domain and user are taken in any case, and one that was never used looks like an empty one.",
      },
    })
    .input(ViewMailboxInput)
    .output(ViewMailboxOutput)
    .query(({ ctx, input }) => viewMailbox(ctx, input)),

  folder: reads
    .meta({
      openapi: { method: "GET", path: `${mailbox}/folder`, tags, summary: "Show a folder of a mailbox and its mails" },
    })
    .input(MailboxFolderInput)
    .output(MailboxFolderOutput)
    .query(({ ctx, input }) => viewMailboxFolder(ctx, input)),

  folderProperties: reads
    .meta({
      openapi: {
        method: "GET",
        path: `${mailbox}/folders/properties`,
        tags,
        summary: "Count the mails of a mailbox's folder",
      },
    })
    .input(FolderPropertiesInput)
    .output(MailboxFolderProperties)
    .query(({ ctx, input }) => mailboxFolderProperties(ctx, input)),

  message: reads
    .meta({
      openapi: {
        method: "GET",
        path: `${mailbox}/messages/{messageId}`,
        tags,
        summary: "Show a mail of a mailbox as text",
        description: "409 for one of more than 4 MB: download it.",
      },
    })
    .input(MailboxMessageInput)
    .output(MailboxMessageOutput)
    .query(({ ctx, input }) => readMailboxMessage(ctx, input)),

  raw: reads
    .meta({
      download: ["message/rfc822"],
      openapi: {
        method: "GET",
        path: `${mailbox}/messages/{messageId}/raw`,
        tags,
        summary: "Download a mail of a mailbox",
      },
    })
    .input(MailboxMessageInput)
    .output(DownloadOutput)
    .query(({ ctx, input }) => downloadMailboxMessage(ctx, input)),

  ...folderProcedures("mailboxes", tags),
  ...messageProcedures("mailboxes", tags),
});
