import { randomUUID } from "node:crypto";
import type { z } from "zod";
import { checked } from "../input.ts";
import type { CallOptions } from "../transport.ts";
import type { FolderChecks, StoreCalls } from "./store-calls.ts";
import { refuse, type StoreAccount } from "./store-paths.ts";
import type { StoreFolders } from "./store-folders.ts";
import {
  CleanupInput,
  countAnswer,
  MessagesInput,
  MoveMessagesInput,
  ReadStatusInput,
  StoreFolderInput,
  type MessageCount,
} from "./store.schemas.ts";

/**
 * Changes to mails, named by their file names. Robin makes folders that are not there, so each method looks first,
 * with calls and deadlines of their own; a missing folder is RobinError `http` with status 404. Mails that are not
 * there are no error: compare the count with what was asked for.
 */
export interface StoreMessages {
  /**
   * Under `/store` the mails become unread, and overwrite mails of the same name; only mails of `fromFolder` move,
   * though Robin would take them from any folder. `POST .../messages/move`.
   */
  move(input: MoveMessagesInput, options?: CallOptions): Promise<MessageCount>;
  /** Counts the mails that changed; in a mailbox, also those that need not. `POST .../messages/read-status`. */
  setReadStatus(input: ReadStatusInput, options?: CallOptions): Promise<MessageCount>;
  /** `POST .../messages/mark-all-read`. */
  markAllRead(input: StoreFolderInput, options?: CallOptions): Promise<MessageCount>;
  /** Every mail of one folder, not of those below. `POST .../messages/delete-all`. */
  deleteAll(input: StoreFolderInput, options?: CallOptions): Promise<MessageCount>;
  /**
   * Deletes old mails of a folder and of all below it; under `/store` those below the inbox are all folders of the
   * account, which `everyFolder` must confirm. `POST .../messages/cleanup`.
   */
  cleanup(input: CleanupInput, options?: CallOptions): Promise<MessageCount>;
  /**
   * Deletes single mails, for which Robin has no route: they are moved to a folder made for it, which is emptied and
   * removed. When a step fails they are moved back, unread; where that fails, too, they stay in a folder
   * `deleting-...`.
   */
  delete(input: MessagesInput, options?: CallOptions): Promise<MessageCount>;
}

export interface StoreMessagesDependencies {
  calls: StoreCalls;
  checks: FolderChecks;
  folders: StoreFolders;
  /** Whether cleaning the inbox cleans everything. */
  inboxHoldsFolders: boolean;
}

export function createStoreMessages(dependencies: StoreMessagesDependencies): StoreMessages {
  const { calls, checks, folders, inboxHoldsFolders } = dependencies;

  function post<S extends z.ZodType>(
    operation: string,
    account: StoreAccount,
    request: { body: Record<string, unknown>; answer: S },
    options?: CallOptions,
  ) {
    const parts = ["messages", operation];
    return calls.call({ method: "POST", account, endpoint: `/messages/${operation}`, parts, ...request }, options);
  }

  // Not an interface, which would not pass for the JSON of a body.
  type Move = { fromFolder: string; toFolder: string; messageIds: string[] };
  const moveAll = (account: StoreAccount, body: Move, options?: CallOptions): Promise<MessageCount> =>
    post("move", account, { body, answer: countAnswer("moved") }, options);

  type Return = { from: string; to: string; ids: readonly string[] };
  async function putBack(account: StoreAccount, { from, to, ids }: Return, options?: CallOptions): Promise<void> {
    // Only what is there: Robin would look for the others in every folder.
    const messageIds = await checks.presentIds(account, from, ids, options);
    if (messageIds.length > 0) await moveAll(account, { fromFolder: from, toFolder: to, messageIds }, options);
  }

  return {
    async move(input, options) {
      const { fromFolder, toFolder, messageIds, ...account } = checked(MoveMessagesInput, input);
      if (fromFolder === toFolder) refuse("toFolder", "must be another folder than fromFolder");
      const present = await checks.presentIds(account, fromFolder, unique(messageIds), options);
      await checks.requireFolder(account, toFolder, options);
      if (present.length === 0) return { count: 0 };
      return moveAll(account, { fromFolder, toFolder, messageIds: present }, options);
    },
    async setReadStatus(input, options) {
      const { folder, read, messageIds, ...account } = checked(ReadStatusInput, input);
      await checks.requireFolder(account, folder, options);
      const body = { folder, action: read ? "read" : "unread", messageIds: unique(messageIds) };
      return post("read-status", account, { body, answer: countAnswer("moved") }, options);
    },
    async markAllRead(input, options) {
      const { folder, ...account } = checked(StoreFolderInput, input);
      await checks.requireFolder(account, folder, options);
      return post("mark-all-read", account, { body: { folder }, answer: countAnswer("moved") }, options);
    },
    async deleteAll(input, options) {
      const { folder, ...account } = checked(StoreFolderInput, input);
      await checks.requireFolder(account, folder, options);
      return post("delete-all", account, { body: { folder }, answer: countAnswer("deleted") }, options);
    },
    async cleanup(input, options) {
      const { folder, months, everyFolder, ...account } = checked(CleanupInput, input);
      if (folder === "" && inboxHoldsFolders && everyFolder !== true)
        refuse("everyFolder", "must be true to clean the inbox: Robin cleans every folder of the account with it");
      await checks.requireFolder(account, folder, options);
      return post("cleanup", account, { body: { folder, months }, answer: countAnswer("affected") }, options);
    },
    async delete(input, options) {
      const { folder, messageIds, ...account } = checked(MessagesInput, input);
      const present = await checks.presentIds(account, folder, unique(messageIds), options);
      if (present.length === 0) return { count: 0 };
      const bin = { ...account, folder: `deleting-${randomUUID()}` };
      await folders.create({ ...account, name: bin.folder }, options);
      try {
        await moveAll(account, { fromFolder: folder, toFolder: bin.folder, messageIds: present }, options);
        const answer = countAnswer("deleted");
        return await post("delete-all", account, { body: { folder: bin.folder }, answer }, options);
      } catch (error) {
        await putBack(account, { from: bin.folder, to: folder, ids: present }, options).catch(() => undefined);
        throw error;
      } finally {
        // Robin refuses while there is a mail in it.
        await folders.delete(bin, options).catch(() => undefined);
      }
    },
  };
}

function unique(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}
