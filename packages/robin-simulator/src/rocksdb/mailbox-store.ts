import type { SimulatorClock } from "../clock.ts";
import { StoreIoError } from "../store/file-tree.ts";
import { monthsBefore } from "../store/json-body.ts";
import {
  appendFolder,
  folderName,
  folderPath,
  inboxFolder,
  isSystemFolder,
  isWithin,
  leafFolder,
  parentFolder,
  sentFolder,
} from "./mailbox-names.ts";
import type { MailState, Owner } from "./mailbox-names.ts";

export interface MailRecord {
  readonly id: string;
  readonly folder: string;
  readonly read: boolean;
  readonly receivedAtMs: number;
  readonly updatedAtMs: number;
  readonly sourceFile: string;
  readonly content: Buffer;
}

interface Mailbox {
  /** Path to whether it is a system folder. */
  readonly folders: Map<string, boolean>;
  readonly mails: Map<string, MailRecord>;
}

/** Robin's RocksDB store in memory. Folder arguments are as requests have them; all methods throw StoreIoError. */
export interface MailboxStore {
  /** Makes the two system folders. */
  open(owner: Owner): void;
  /** By path, without regard to case. */
  folders(owner: Owner): { path: string; system: boolean }[];
  /** Newest first; of the whole mailbox without a folder, which must be a full path. */
  mails(owner: Owner, filter?: { folder?: string; state?: MailState | undefined }): MailRecord[];
  mail(owner: Owner, id: string): MailRecord | undefined;
  /** Makes the folder and those above it. */
  ensureFolder(owner: Owner, path: string): void;
  createFolder(owner: Owner, parent: string, name: string): void;
  renameFolder(owner: Owner, folder: string, name: string): void;
  moveFolder(owner: Owner, folder: string, parent: string): void;
  copyFolder(owner: Owner, folder: string, parent: string, name: string): void;
  deleteFolder(owner: Owner, folder: string): void;
  put(owner: Owner, mail: Omit<MailRecord, "id" | "updatedAtMs">): string;
  /** These and the following return how many mails it was. */
  moveMails(owner: Owner, from: string, to: string, ids: readonly string[]): number;
  setRead(owner: Owner, folder: string, action: string, ids: readonly string[]): number;
  markAllRead(owner: Owner, folder: string): number;
  deleteAll(owner: Owner, folder: string): number;
  cleanUp(owner: Owner, folder: string, months: number): number;
}

export function createMailboxStore({ clock, newUuid }: { clock: SimulatorClock; newUuid: () => string }): MailboxStore {
  const mailboxes = new Map<string, Mailbox>();
  const nowMs = (): number => clock.now().getTime();

  function mailboxOf({ domain, user }: Owner): Mailbox {
    const key = `${domain}/${user}`;
    const mailbox = mailboxes.get(key) ?? { folders: new Map<string, boolean>(), mails: new Map<string, MailRecord>() };
    mailboxes.set(key, mailbox);
    return mailbox;
  }

  function ensureFolder(owner: Owner, path: string): void {
    const { folders } = mailboxOf(owner);
    if (path === "") return;
    ensureFolder(owner, parentFolder(path));
    if (!folders.has(path)) folders.set(path, isSystemFolder(path));
  }

  const listed: MailboxStore["mails"] = (owner, { folder, state } = {}) =>
    [...mailboxOf(owner).mails.values()]
      .filter((mail) => (folder ?? mail.folder) === mail.folder && (state ?? stateOf(mail)) === stateOf(mail))
      .sort((a, b) => b.receivedAtMs - a.receivedAtMs || (a.id < b.id ? -1 : 1));
  const within = (owner: Owner, folder: string): MailRecord[] =>
    listed(owner).filter((mail) => isWithin(mail.folder, folder));

  const update = (owner: Owner, mail: MailRecord, change: Partial<MailRecord>): void =>
    void mailboxOf(owner).mails.set(mail.id, { ...mail, ...change, updatedAtMs: nowMs() });
  const remove = (owner: Owner, mails: readonly MailRecord[]): number => {
    for (const { id } of mails) mailboxOf(owner).mails.delete(id);
    return mails.length;
  };

  const put: MailboxStore["put"] = (owner, mail) => {
    ensureFolder(owner, mail.folder);
    const id = `msg-${mail.receivedAtMs}-${newUuid()}.eml`;
    mailboxOf(owner).mails.set(id, { ...mail, id, updatedAtMs: mail.receivedAtMs });
    return id;
  };

  /** Ids that name mails of this folder; of an id with slashes the last part counts. */
  function chosen(owner: Owner, folder: string, ids: readonly string[]): MailRecord[] {
    return ids.flatMap((raw) => {
      const id = raw.replaceAll("\\", "/");
      const mail = id.includes("..") ? undefined : mailboxOf(owner).mails.get(id.slice(id.lastIndexOf("/") + 1));
      return mail?.folder === folder ? [mail] : [];
    });
  }

  function relocate(owner: Owner, source: string, target: string, isCopy: boolean): void {
    const { folders } = mailboxOf(owner);
    if (source === target) return;
    if (!folders.has(source)) throw new StoreIoError("Folder not found.");
    if (target.startsWith(`${source}/`)) throw new StoreIoError("Cannot move folder into itself.");
    ensureFolder(owner, parentFolder(target));
    const moving = [...folders.keys()].filter((path) => isWithin(path, source));
    const mails = within(owner, source);
    if (!isCopy) for (const path of moving) folders.delete(path);
    const moved = (path: string): string => target + path.slice(source.length);
    for (const path of moving) ensureFolder(owner, moved(path));
    for (const mail of mails) {
      if (isCopy) put(owner, { ...mail, folder: moved(mail.folder), receivedAtMs: nowMs() });
      else update(owner, mail, { folder: moved(mail.folder) });
    }
  }

  function changeable(folder: string): string {
    const path = folderPath(folder);
    if (isSystemFolder(path)) throw new StoreIoError("Cannot modify system folder.");
    return path;
  }

  return {
    open: (owner) => {
      for (const path of [inboxFolder, sentFolder]) ensureFolder(owner, path);
    },
    folders: (owner) => {
      const lower = ({ path }: { path: string }): string => path.toLowerCase();
      return [...mailboxOf(owner).folders]
        .map(([path, system]) => ({ path, system }))
        .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
        .sort((a, b) => (lower(a) === lower(b) ? 0 : lower(a) < lower(b) ? -1 : 1));
    },
    mails: listed,
    mail: (owner, id) => mailboxOf(owner).mails.get(id),
    ensureFolder,
    createFolder: (owner, parent, name) => {
      const leaf = folderName(name);
      ensureFolder(owner, appendFolder(folderPath(parent, ""), leaf));
    },
    renameFolder: (owner, folder, name) => {
      const source = changeable(folder);
      relocate(owner, source, appendFolder(parentFolder(source), folderName(name)), false);
    },
    moveFolder: (owner, folder, parent) => {
      const source = changeable(folder);
      relocate(owner, source, appendFolder(folderPath(parent, ""), leafFolder(source)), false);
    },
    copyFolder: (owner, folder, parent, name) => {
      const source = folderPath(folder);
      const target = folderPath(parent, "");
      const leaf = name.trim() === "" ? leafFolder(source) : folderName(name);
      relocate(owner, source, appendFolder(target, leaf), true);
    },
    deleteFolder: (owner, folder) => {
      const path = changeable(folder);
      const { folders } = mailboxOf(owner);
      if (!folders.has(path)) throw new StoreIoError("Folder not found.");
      if (within(owner, path).length > 0) throw new StoreIoError("Folder is not empty.");
      for (const below of [...folders.keys()]) if (isWithin(below, path)) folders.delete(below);
    },
    put,
    moveMails: (owner, from, to, ids) => {
      const source = folderPath(from, inboxFolder);
      const target = folderPath(to, inboxFolder);
      ensureFolder(owner, target);
      let moved = 0;
      for (const id of ids) {
        // One by one: an id that is listed twice is gone from the source the second time.
        for (const mail of chosen(owner, source, [id])) {
          update(owner, mail, { folder: target });
          moved += 1;
        }
      }
      return moved;
    },
    setRead: (owner, folder, action, ids) => {
      const path = folderPath(folder, inboxFolder);
      const wanted = action.toLowerCase();
      if (wanted !== "read" && wanted !== "unread") throw new StoreIoError("Invalid action");
      const mails = chosen(owner, path, ids);
      for (const mail of mails) update(owner, mail, { read: wanted === "read" });
      return mails.length;
    },
    markAllRead: (owner, folder) => {
      const mails = listed(owner, { folder: folderPath(folder, inboxFolder), state: "unread" });
      for (const mail of mails) update(owner, mail, { read: true });
      return mails.length;
    },
    deleteAll: (owner, folder) => remove(owner, listed(owner, { folder: folderPath(folder, inboxFolder) })),
    cleanUp: (owner, folder, months) => {
      const cutoffMs = monthsBefore(clock.now(), months).getTime();
      const mails = within(owner, folderPath(folder, inboxFolder));
      return remove(
        owner,
        mails.filter(({ receivedAtMs }) => receivedAtMs < cutoffMs),
      );
    },
  };
}

const stateOf = (mail: MailRecord): MailState => (mail.read ? "read" : "unread");
