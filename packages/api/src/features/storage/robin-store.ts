import { isRobinError } from "@robin/sdk";
import type { Context } from "../../context.ts";
import { AppError, robinErrors } from "../../errors.ts";

/** Robin keeps mail twice: as files, and in RocksDB mailboxes. Folders and mails change in the same ways in both. */
export type MailStore = "storage" | "mailboxes";

export function storeOf({ deps: { robin } }: Context, store: MailStore) {
  return store === "storage" ? robin.store : robin.mailboxes;
}

export const storageErrors = [...robinErrors, "not_found"] as const;
/** Where something can be in the way, and wherever Robin can have the store switched off. */
export const conflictErrors = [...storageErrors, "conflict"] as const;

/** Longer mails are for downloading. */
export const textBytesMax = 4 * 1024 * 1024;

/** As in the audit log. */
export function addressOf({ domain, user }: { domain: string; user: string }): string {
  return `${user}@${domain}`;
}

interface Sentences {
  /** For Robin's 404. */
  missing: string;
  /** For its 400 in words that are not known here: a path on its host, mostly. */
  refused?: string;
}

/**
 * What Robin says of a folder or a mail, in words for a person.
 * @throws AppError `not_found`; `conflict` when the state of the folders does not allow it, or the store is off
 */
export async function askStore<Result>({ missing, refused }: Sentences, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (cause) {
    if (!isRobinError(cause) || cause.kind !== "http") throw cause;
    if (cause.status === 404) throw new AppError("not_found", missing, { cause });
    const sentence = refusals[cause.detail ?? ""] ?? (cause.status === 400 ? refused : undefined);
    throw sentence === undefined ? cause : new AppError("conflict", sentence, { cause });
  }
}

/** By Robin's words. */
const refusals: Partial<Record<string, string>> = {
  "Folder is not empty.": "There is mail in this folder, or in one below it.",
  "Cannot modify inbox root.": "The inbox cannot be changed.",
  "Cannot modify system folder.": "The inbox and the folder for sent mail cannot be changed.",
  "Cannot move folder into itself.": "A folder cannot be put into itself.",
  "RocksDB storage disabled.": "Robin keeps no mailboxes in RocksDB: that store is switched off in its configuration.",
};
