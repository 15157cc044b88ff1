import { checked } from "../input.ts";
import type { CallOptions, Transport } from "../transport.ts";
import {
  MailboxAnswer,
  MailboxContentAnswer,
  MailboxFolderAnswer,
  MailboxFolderInput,
  MailboxInput,
  MailboxMessageInput,
  MailboxPropertiesAnswer,
  type Mailbox,
  type MailboxContent,
  type MailboxFolderProperties,
  type MailboxFolderView,
} from "./mailboxes.schemas.ts";
import { createStoreCalls, folderMissing, type FolderChecks } from "./store-calls.ts";
import { createStoreFolders, type StoreFolders } from "./store-folders.ts";
import { createStoreMessages, type StoreMessages } from "./store-messages.ts";
import { refuse, splitPath } from "./store-paths.ts";
import { CreateFolderInput, MoveFolderInput, RenameFolderInput, StoreFolderInput } from "./store.schemas.ts";

/**
 * Robin's mailboxes in RocksDB, which hold mail besides the store on disk. Every method rejects with RobinError:
 * kind `http` with status 503 while Robin has this store off, 404 for a folder or mail that is not there; or with
 * RobinInputError before anything is sent. Reads are tried again once when the connection breaks.
 *
 * Robin makes a folder when it is asked for one that is not there, so methods that name a folder look into the
 * mailbox first, with a call and a deadline of its own. A mailbox that was never used looks like an empty one.
 */
export interface MailboxesResource {
  /** All folders and all mails. Makes the two system folders. `GET /store-rocksdb/{domain}/{user}`. */
  view(input: MailboxInput, options?: CallOptions): Promise<Mailbox>;
  /** `GET /store-rocksdb/{domain}/{user}/folders/{folder}`. */
  folder(input: MailboxFolderInput, options?: CallOptions): Promise<MailboxFolderView>;
  /** `GET /store-rocksdb/{domain}/{user}/folders/{folder}/properties`. */
  folderProperties(input: StoreFolderInput, options?: CallOptions): Promise<MailboxFolderProperties>;
  /** One mail with its bytes, in memory. `GET /store-rocksdb/{domain}/{user}/messages/{id}`. */
  message(input: MailboxMessageInput, options?: CallOptions): Promise<MailboxContent>;
  /** As in `store`, except that `rename` and `move` onto another folder make both one, and `copy` gives new ids. */
  folders: StoreFolders;
  /** As in `store`, except that mails keep what was read when they move. */
  messages: StoreMessages;
}

export function createMailboxesResource(transport: Transport): MailboxesResource {
  const calls = createStoreCalls(transport, "/store-rocksdb");
  const endpoint = "/folders/{folder}";

  async function view(input: MailboxInput, options?: CallOptions): Promise<Mailbox> {
    const { state, ...account } = checked(MailboxInput, input);
    const query = stateQuery(state);
    const call = {
      method: "GET",
      account,
      endpoint: "",
      parts: [],
      query,
      answer: MailboxAnswer,
      large: true,
      lane: "pages",
    } as const;
    return calls.call(call, options);
  }

  const checks: FolderChecks = {
    async requireFolder(account, folder, options) {
      const { folders } = await view(account, options);
      const systemNames = folders.filter(({ isSystem }) => isSystem).map(({ path }) => path);
      if (!folders.some(({ path }) => isSame(path, folder, systemNames)))
        throw folderMissing(`/store-rocksdb/{domain}/{user}${endpoint}`);
    },
    async presentIds(account, folder, ids, options) {
      // Robin itself moves only what is in the folder.
      await checks.requireFolder(account, folder, options);
      return [...ids];
    },
  };
  const folders = createStoreFolders(calls, checks);

  return {
    view,
    async folder(input, options) {
      const { state, folder, ...account } = checked(MailboxFolderInput, input);
      await checks.requireFolder(account, folder, options);
      const parts = folderParts(folder);
      const query = stateQuery(state);
      const call = {
        method: "GET",
        account,
        endpoint,
        parts,
        query,
        answer: MailboxFolderAnswer,
        large: true,
        lane: "pages",
      } as const;
      return calls.call(call, options);
    },
    async folderProperties(input, options) {
      const { folder, ...account } = checked(StoreFolderInput, input);
      await checks.requireFolder(account, folder, options);
      const parts = [...folderParts(folder), "properties"];
      const call = { method: "GET", account, endpoint: `${endpoint}/properties`, parts } as const;
      return calls.call({ ...call, answer: MailboxPropertiesAnswer }, options);
    },
    async message(input, options) {
      const { messageId, ...account } = checked(MailboxMessageInput, input);
      const parts = ["messages", messageId];
      const call = { method: "GET", account, endpoint: "/messages/{id}", parts, large: true } as const;
      return calls.call({ ...call, answer: MailboxContentAnswer }, options);
    },
    folders: guarded(folders, checks),
    messages: createStoreMessages({ calls, checks, folders, inboxHoldsFolders: false }),
  };
}

function stateQuery(state: MailboxInput["state"]): URLSearchParams {
  return new URLSearchParams(state === undefined ? {} : { state });
}

function folderParts(folder: string): string[] {
  return ["folders", ...splitPath(folder === "" ? "inbox" : folder)];
}

/** Robin takes a first name `inbox` or `sent`, in any case, for its system folders, whatever these are called. */
function isSame(path: string, asked: string, systemNames: readonly string[]): boolean {
  const [first = "", ...rest] = splitPath(asked === "" ? "inbox" : asked);
  if (path === asked) return true;
  if (!/^(inbox|sent)$/i.test(first)) return false;
  return systemNames.some((name) => path === [name, ...rest].join("/"));
}

function parentOf(folder: string): string {
  return splitPath(folder).slice(0, -1).join("/");
}

/** A top folder called `sent` is one more name that Robin would give to a folder nobody can reach. */
function guarded(folders: StoreFolders, checks: FolderChecks): StoreFolders {
  const refuseSent = (name: string, parent: string): void => {
    if (parent === "" && /^sent$/i.test(name))
      refuse("name", "must not be that of the folder for sent mail: Robin would make a folder nobody can reach");
  };
  return {
    ...folders,
    async create(input, options) {
      const { name, parent = "" } = checked(CreateFolderInput, input);
      refuseSent(name, parent);
      return folders.create(input, options);
    },
    async rename(input, options) {
      const { name, folder } = checked(RenameFolderInput, input);
      refuseSent(name, parentOf(folder));
      // To its own name is done for Robin, whether it is there or not; the same goes for a move to its own place.
      if (splitPath(folder).at(-1) === name) await checks.requireFolder(input, folder, options);
      return folders.rename(input, options);
    },
    async move(input, options) {
      const { folder, destinationParent } = checked(MoveFolderInput, input);
      if (parentOf(folder) === destinationParent) await checks.requireFolder(input, folder, options);
      return folders.move(input, options);
    },
  };
}
