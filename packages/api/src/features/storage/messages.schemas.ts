import { MessageId } from "@robin/sdk";
import { z } from "zod";
import { boolParam, intParam } from "../../rest-input.ts";
import { accountFields, Folder } from "./storage.schemas.ts";

export const messageBatchMax = 1000;

const Count = z.int().min(0);
const exampleIds = ["20260821.5a2ce6a0-7d0d-4a3c-9d2f-6a9c1d1e8f10.eml"];

const messageIds = z
  .array(MessageId)
  .min(1)
  .max(messageBatchMax)
  .meta({ description: "The mails' file names, which end with .eml; in a mailbox their ids." });

export const FolderMessagesInput = z
  .strictObject({ ...accountFields, folder: Folder })
  .meta({ examples: [{ folder: "Projects/2026" }] });
export type FolderMessagesInput = z.infer<typeof FolderMessagesInput>;

export const MessagesInput = z
  .strictObject({ ...accountFields, folder: Folder, messageIds })
  .meta({ examples: [{ folder: "inbox", messageIds: exampleIds }] });
export type MessagesInput = z.infer<typeof MessagesInput>;

export const MoveMessagesInput = z
  .strictObject({ ...accountFields, fromFolder: Folder, toFolder: Folder, messageIds })
  .meta({ examples: [{ fromFolder: "inbox", toFolder: "Projects/2026", messageIds: exampleIds }] });
export type MoveMessagesInput = z.infer<typeof MoveMessagesInput>;

export const SetReadStatusInput = z
  .strictObject({
    ...accountFields,
    folder: Folder,
    messageIds,
    read: boolParam("True for read, false for unread."),
  })
  .meta({ examples: [{ folder: "inbox", messageIds: exampleIds, read: true }] });
export type SetReadStatusInput = z.infer<typeof SetReadStatusInput>;

export const CleanUpInput = z
  .strictObject({
    ...accountFields,
    folder: Folder,
    months: intParam({ min: 0, max: 1200, description: "Mails older than this go; 0 for all of them." }),
    everyFolder: boolParam(
      "Must be true to clean the inbox under /storage: all other folders of the account are within it, drafts included.",
    ).optional(),
  })
  .meta({ examples: [{ folder: "Projects/2026", months: 12 }] });
export type CleanUpInput = z.infer<typeof CleanUpInput>;

export const MessagesOutput = z
  .object({
    requested: Count.meta({ description: "Distinct ids in the request." }),
    done: Count.meta({ description: "Mails that Robin found and changed; those that were not there do not count." }),
  })
  .meta({ id: "MessagesResult", examples: [{ requested: 3, done: 2 }] });
export type MessagesOutput = z.infer<typeof MessagesOutput>;

export const FolderMessagesOutput = z
  .object({ done: Count.meta({ description: "Mails that changed." }) })
  .meta({ id: "FolderMessagesResult", examples: [{ done: 12 }] });
export type FolderMessagesOutput = z.infer<typeof FolderMessagesOutput>;
