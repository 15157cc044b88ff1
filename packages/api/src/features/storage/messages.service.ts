import type { MessageCount } from "@robin/sdk";
import { changeOptions, type Context } from "../../context.ts";
import { withAudit } from "../audit/audit.service.ts";
import type {
  CleanUpInput,
  FolderMessagesInput,
  FolderMessagesOutput,
  MessagesInput,
  MessagesOutput,
  MoveMessagesInput,
  SetReadStatusInput,
} from "./messages.schemas.ts";
import { addressOf, askStore, type MailStore, storeOf } from "./robin-store.ts";

// All of these throw AppError `not_found` when a folder is not there. Mails that are not there are left out of `done`.

export function moveMessages(ctx: Context, store: MailStore, input: MoveMessagesInput): Promise<MessagesOutput> {
  const { fromFolder, toFolder } = input;
  return ofSome(ctx, store, { verb: "moveMessages", input, folders: [fromFolder, toFolder] }, () =>
    storeOf(ctx, store).messages.move(input, changeOptions(ctx)),
  );
}

/** Under `/store`, those that had the status already do not count as done. */
export function setReadStatus(ctx: Context, store: MailStore, input: SetReadStatusInput): Promise<MessagesOutput> {
  return ofSome(ctx, store, { verb: "setReadStatus", input, folders: [input.folder] }, () =>
    storeOf(ctx, store).messages.setReadStatus(input, changeOptions(ctx)),
  );
}

export function deleteMessages(ctx: Context, store: MailStore, input: MessagesInput): Promise<MessagesOutput> {
  return ofSome(ctx, store, { verb: "deleteMessages", input, folders: [input.folder] }, () =>
    storeOf(ctx, store).messages.delete(input, changeOptions(ctx)),
  );
}

export function markAllRead(ctx: Context, store: MailStore, input: FolderMessagesInput): Promise<FolderMessagesOutput> {
  return ofAll(ctx, store, { verb: "markAllRead", input }, () =>
    storeOf(ctx, store).messages.markAllRead(input, changeOptions(ctx)),
  );
}

export function deleteAllMessages(
  ctx: Context,
  store: MailStore,
  input: FolderMessagesInput,
): Promise<FolderMessagesOutput> {
  return ofAll(ctx, store, { verb: "deleteAllMessages", input }, () =>
    storeOf(ctx, store).messages.deleteAll(input, changeOptions(ctx)),
  );
}

/** @throws RobinInputError for the inbox of `/store` without `everyFolder` */
export function cleanUp(ctx: Context, store: MailStore, input: CleanUpInput): Promise<FolderMessagesOutput> {
  const { everyFolder, ...rest } = input;
  return ofAll(ctx, store, { verb: "cleanUp", input }, () =>
    storeOf(ctx, store).messages.cleanup({ ...rest, ...(everyFolder && { everyFolder }) }, changeOptions(ctx)),
  );
}

interface Some {
  verb: string;
  input: { domain: string; user: string; messageIds: string[] };
  folders: string[];
}

function ofSome(
  ctx: Context,
  store: MailStore,
  { verb, input, folders }: Some,
  ask: () => Promise<MessageCount>,
): Promise<MessagesOutput> {
  const ids = [...new Set(input.messageIds)];
  const missing = folders.length > 1 ? "One of the two folders is not there." : "There is no such folder.";
  const targets = [addressOf(input), ...folders.map(nameOf), ...ids];
  return withAudit(ctx, { action: `${store}.${verb}`, targets }, async () => {
    const { count } = await askStore({ missing }, ask);
    return { requested: ids.length, done: count };
  });
}

function ofAll(
  ctx: Context,
  store: MailStore,
  { verb, input }: { verb: string; input: FolderMessagesInput },
  ask: () => Promise<MessageCount>,
): Promise<FolderMessagesOutput> {
  const targets = [addressOf(input), nameOf(input.folder)];
  return withAudit(ctx, { action: `${store}.${verb}`, targets }, async () => {
    const { count } = await askStore({ missing: "There is no such folder." }, ask);
    return { done: count };
  });
}

/** The SDK's name for the inbox is empty. */
function nameOf(folder: string): string {
  return folder === "" ? "inbox" : folder;
}
