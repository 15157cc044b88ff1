import { isRobinError } from "@robin/sdk";
import { changeOptions, type Context } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { withAudit } from "../audit/audit.service.ts";
import type {
  ChangeFolderInput,
  CopyFolderInput,
  CreateFolderInput,
  FolderOutput,
  MoveFolderInput,
  RenameFolderInput,
} from "./folders.schemas.ts";
import { addressOf, askStore, type MailStore, storeOf } from "./robin-store.ts";

// All of these throw AppError `not_found` for folders that are not there, and `conflict` where a folder is in the way.

/** Makes the account's directory, too, as its first mail would. */
export function createFolder(ctx: Context, store: MailStore, input: CreateFolderInput): Promise<FolderOutput> {
  const target = join(input.parent, input.name);
  return change(ctx, store, { verb: "createFolder", input, target, missing: "The parent folder is not there." }, () =>
    storeOf(ctx, store).folders.create(input, changeOptions(ctx)),
  );
}

export function renameFolder(ctx: Context, store: MailStore, input: RenameFolderInput): Promise<FolderOutput> {
  const target = join(parentOf(input.folder), input.name);
  return change(ctx, store, { verb: "renameFolder", input, source: input.folder, target }, () =>
    storeOf(ctx, store).folders.rename(input, changeOptions(ctx)),
  );
}

/** With the empty folders below it. */
export function deleteFolder(ctx: Context, store: MailStore, input: ChangeFolderInput): Promise<FolderOutput> {
  return change(ctx, store, { verb: "deleteFolder", input, source: input.folder }, () =>
    storeOf(ctx, store).folders.delete(input, changeOptions(ctx)),
  );
}

export function copyFolder(ctx: Context, store: MailStore, input: CopyFolderInput): Promise<FolderOutput> {
  const { folder: source, newName, destinationParent, domain, user } = input;
  const target = join(destinationParent, newName ?? nameOf(source));
  const missing = "The folder, or the one to copy it into, is not there.";
  const request = { domain, user, folder: source, destinationParent, ...(newName !== undefined && { newName }) };
  return change(ctx, store, { verb: "copyFolder", input, source, target, missing }, () =>
    storeOf(ctx, store).folders.copy(request, changeOptions(ctx)),
  );
}

export function moveFolder(ctx: Context, store: MailStore, input: MoveFolderInput): Promise<FolderOutput> {
  const { folder: source, destinationParent } = input;
  const target = join(destinationParent, nameOf(source));
  const missing = "The folder, or the one to move it into, is not there.";
  return change(ctx, store, { verb: "moveFolder", input, source, target, missing }, () =>
    storeOf(ctx, store).folders.move(input, changeOptions(ctx)),
  );
}

interface FolderChange {
  verb: string;
  input: { domain: string; user: string };
  source?: string;
  /** A folder to be: nothing must be there yet. */
  target?: string;
  missing?: string;
}

function change(
  ctx: Context,
  store: MailStore,
  { verb, input, source, target, missing = "There is no such folder." }: FolderChange,
  ask: () => Promise<void>,
): Promise<FolderOutput> {
  const targets = [addressOf(input), ...[source, target].filter((folder) => folder !== undefined)];
  return withAudit(ctx, { action: `${store}.${verb}`, targets }, async () => {
    // What is left to refuse, once the names and the target are looked at.
    const refused = "Robin does not let this folder be put there: is it within itself?";
    await askStore({ missing, refused }, async () => {
      if (target !== undefined) await requireFree(ctx, store, { ...input, folder: target });
      await ask();
    });
    return { success: true, folder: target ?? source ?? "" };
  });
}

/** Robin would make both folders one, mails of the same name gone, or keep quiet about it. */
async function requireFree(
  ctx: Context,
  store: MailStore,
  { domain, user, folder }: { domain: string; user: string; folder: string },
): Promise<void> {
  try {
    await storeOf(ctx, store).folderProperties({ domain, user, folder }, changeOptions(ctx));
  } catch (error) {
    if (isRobinError(error) && error.status === 404) return;
    throw error;
  }
  throw new AppError("conflict", `There is a folder ${folder} already.`);
}

function join(parent: string, name: string): string {
  return parent === "" ? name : `${parent}/${name}`;
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf("/") + 1);
}

function parentOf(folder: string): string {
  return folder.slice(0, Math.max(0, folder.lastIndexOf("/")));
}
