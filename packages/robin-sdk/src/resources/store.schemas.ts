import { z } from "zod";
import {
  ChangeableFolderPath,
  DirectoryPath,
  FolderName,
  FolderPath,
  MailPath,
  MessageId,
  ParentPath,
  StoreAccount,
} from "./store-paths.ts";

const count = z.int().min(0);

export { StoreAccount } from "./store-paths.ts";

export const DirectoryInput = z.object({
  /** As on disk: `example.com/tony/.Projects/new`. The root when empty. */
  path: DirectoryPath,
});
export type DirectoryInput = z.input<typeof DirectoryInput>;

export const MailInput = z.object({
  /** As on disk: `example.com/tony/.Projects/new/1.eml`. */
  path: MailPath,
});
export type MailInput = z.input<typeof MailInput>;

export const StoreEntry = z.discriminatedUnion("type", [
  z.object({ type: z.literal("directory"), name: z.string(), path: z.string() }),
  /** A mail; other files do not show. */
  z.object({ type: z.literal("message"), name: z.string(), path: z.string(), sizeBytes: count }),
]);
/** `path` can be given to `list`, `openMessage` and the others as it is. */
export type StoreEntry = z.infer<typeof StoreEntry>;

export const StoreDirectory = z.object({
  /** As asked for, without slashes around it. */
  path: z.string(),
  /** By name, upper and lower case mixed, directories and mails mixed. */
  entries: z.array(StoreEntry),
});
export type StoreDirectory = z.infer<typeof StoreDirectory>;

export const StoreMessageText = z.object({
  text: z.string(),
  /** What the bytes were decoded as: `utf-8` when they are, else what the mail claims, else `windows-1252`. */
  charset: z.string(),
  sizeBytes: count,
});
export type StoreMessageText = z.infer<typeof StoreMessageText>;

export const StoreFolderInput = StoreAccount.extend({
  /** `Projects/2026`; the inbox when empty or `inbox`. */
  folder: FolderPath,
});
export type StoreFolderInput = z.input<typeof StoreFolderInput>;

export const StoreFolderProperties = z.object({
  /** Bytes of its mails, sub-folders left out. */
  sizeBytes: count,
  unread: count,
  total: count,
});
export type StoreFolderProperties = z.infer<typeof StoreFolderProperties>;

export const CreateFolderInput = StoreAccount.extend({
  name: FolderName,
  /** The top level when absent; under `/store` the inbox is the top level. Must exist. */
  parent: ParentPath.optional(),
});
export type CreateFolderInput = z.input<typeof CreateFolderInput>;

export const ChangeFolderInput = StoreAccount.extend({ folder: ChangeableFolderPath });
export type ChangeFolderInput = z.input<typeof ChangeFolderInput>;

export const RenameFolderInput = ChangeFolderInput.extend({ name: FolderName });
export type RenameFolderInput = z.input<typeof RenameFolderInput>;

export const MoveFolderInput = ChangeFolderInput.extend({
  /** The new parent; the top level when empty. Must exist. */
  destinationParent: ParentPath,
});
export type MoveFolderInput = z.input<typeof MoveFolderInput>;

export const CopyFolderInput = MoveFolderInput.extend({
  /** The source's own name when absent. */
  newName: FolderName.optional(),
});
export type CopyFolderInput = z.input<typeof CopyFolderInput>;

const messageIdsMax = 10_000;
const messageIds = z.array(MessageId).max(messageIdsMax);

export const MoveMessagesInput = StoreAccount.extend({
  fromFolder: FolderPath,
  toFolder: FolderPath,
  /** File names. */
  messageIds,
});
export type MoveMessagesInput = z.input<typeof MoveMessagesInput>;

export const MessagesInput = StoreFolderInput.extend({ messageIds });
export type MessagesInput = z.input<typeof MessagesInput>;

export const ReadStatusInput = StoreFolderInput.extend({ read: z.boolean(), messageIds });
export type ReadStatusInput = z.input<typeof ReadStatusInput>;

/** 100 years; Robin takes what is negative for 0. */
const monthsMax = 1_200;

export const CleanupInput = StoreFolderInput.extend({
  /** Mails whose file is older than this many months go; 0 means all. */
  months: z.int().min(0).max(monthsMax),
  /** Cleaning the inbox cleans every folder of the account, drafts included: it must be said. */
  everyFolder: z.literal(true).optional(),
});
export type CleanupInput = z.input<typeof CleanupInput>;

/** How many mails it was; mails that were not there do not count. */
export const MessageCount = z.object({ count });
export type MessageCount = z.infer<typeof MessageCount>;

// Robin's wire forms.

export const DoneAnswer = z.looseObject({ r: z.literal(1) }).transform((): void => undefined);

export const PropertiesAnswer = z
  .object({ r: z.literal(1), size: count, unread: count, total: count })
  .transform(({ size, unread, total }): StoreFolderProperties => ({ sizeBytes: size, unread, total }));

/** Each route names its count differently. */
export function countAnswer(key: "moved" | "deleted" | "affected") {
  return z
    .looseObject({})
    .transform((answer): unknown => ({ count: answer[key] }))
    .pipe(MessageCount);
}

const wireItem = z.discriminatedUnion("type", [
  z.object({ type: z.literal("dir"), name: z.string(), path: z.string() }),
  z.object({ type: z.literal("file"), name: z.string(), path: z.string(), size: count }),
]);

export const DirectoryAnswer = z
  .object({ path: z.string().startsWith("/"), items: z.array(wireItem) })
  .transform(({ path, items }): StoreDirectory => {
    const here = path.replace(/^\/+/, "");
    const entries = items.flatMap((item): StoreEntry[] => {
      if (item.name === "..") return [];
      const place = here === "" ? item.name : `${here}/${item.name}`;
      return item.type === "dir"
        ? [{ type: "directory", name: item.name, path: place }]
        : [{ type: "message", name: item.name, path: place, sizeBytes: item.size }];
    });
    return { path: here, entries };
  });
