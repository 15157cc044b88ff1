import { checked } from "../input.ts";
import { jsonBody } from "../parsing.ts";
import type { RobinStream } from "../streaming.ts";
import type { CallOptions, RobinExchange, Transport } from "../transport.ts";
import { createStoreCalls, type FolderChecks } from "./store-calls.ts";
import { createStoreDrafts, type StoreDrafts } from "./store-drafts.ts";
import { withStoreErrors } from "./store-errors.ts";
import { createStoreFolders, type StoreFolders } from "./store-folders.ts";
import { createStoreMessages, type StoreMessages } from "./store-messages.ts";
import { directoryOf, refuse, splitPath, storeRoute, type StoreAccount } from "./store-paths.ts";
import { decodeMessage } from "./store-text.ts";
import {
  DirectoryAnswer,
  DirectoryInput,
  MailInput,
  PropertiesAnswer,
  StoreFolderInput,
  type StoreDirectory,
  type StoreFolderProperties,
  type StoreMessageText,
} from "./store.schemas.ts";

/**
 * Robin's mail store on disk. Every method rejects with RobinError (a missing thing is kind `http`, status 404), or
 * with RobinInputError before anything is sent. Reads are tried again once when the connection breaks.
 *
 * Paths name what is on disk (`example.com/tony/.Projects/new`), folders what people see (`Projects`).
 */
export interface StoreResource {
  /** Directories and mails of one directory. The root also shows Robin's own `queue` and `tmp`. `GET /store/...`. */
  list(input: DirectoryInput, options?: CallOptions): Promise<StoreDirectory>;
  /**
   * The bytes of a mail as they arrive; cancel the body if it is not read to its end. The deadline (`timeoutMs`)
   * covers reading it: a slow reader holds Robin's only thread. `GET /store/....eml` as text.
   */
  openMessage(input: MailInput, options?: CallOptions): Promise<RobinStream>;
  /** The bytes of a mail in memory; more than `responseBytesMax` is kind `invalid-response`. `GET /store/....eml`. */
  messageBytes(input: MailInput, options?: CallOptions): Promise<Buffer>;
  /** A mail as text in memory, its MIME parts untouched. `GET /store/....eml`. */
  messageText(input: MailInput, options?: CallOptions): Promise<StoreMessageText>;
  /** `GET /store/{domain}/{user}/folders/{folder}/properties`. */
  folderProperties(input: StoreFolderInput, options?: CallOptions): Promise<StoreFolderProperties>;
  folders: StoreFolders;
  messages: StoreMessages;
  drafts: StoreDrafts;
}

const json = "application/json";
const root = "/store";

export function createStoreResource(transport: Transport): StoreResource {
  async function list(input: DirectoryInput, options?: CallOptions): Promise<StoreDirectory> {
    const { path } = checked(DirectoryInput, input);
    const request = {
      service: "client",
      method: "GET",
      endpoint: "/store/{path}",
      path: storeRoute(root, ...splitPath(path)),
      mediaType: json,
      large: true,
      lane: "pages",
      parse: jsonBody(DirectoryAnswer),
    } as const;
    return withStoreErrors(transport.call(request, options));
  }
  const calls = createStoreCalls(transport, root);
  const checks = createFolderChecks(list);
  const folders = createStoreFolders(calls, checks);

  return {
    list,
    folders,
    messages: createStoreMessages({ calls, checks, folders, inboxHoldsFolders: true }),
    drafts: createStoreDrafts(calls, list),
    async openMessage(input, options) {
      return withStoreErrors(transport.stream(messageRequest(input), options));
    },
    async messageBytes(input, options) {
      const request = { ...messageRequest(input), parse: (body: Buffer) => body };
      return withStoreErrors(transport.call(request, options));
    },
    async messageText(input, options) {
      const request = { ...messageRequest(input), parse: decodeMessage };
      return withStoreErrors(transport.call(request, options));
    },
    async folderProperties(input, options) {
      const { domain, user, folder } = checked(StoreFolderInput, input);
      const parts = ["folders", ...splitPath(folder || "inbox"), "properties"];
      const endpoint = "/folders/{folder}/properties";
      return calls.call(
        { method: "GET", account: { domain, user }, endpoint, parts, answer: PropertiesAnswer },
        options,
      );
    },
  };
}

/** On the very directories that Robin's operations on mails use; its other routes also find folders without a dot. */
function createFolderChecks(list: StoreResource["list"]): FolderChecks {
  return {
    async requireFolder(account, folder, options) {
      refuseLeaf(account, folder);
      await list({ path: directoryOf(account, folder) }, options);
    },
    async presentIds(account, folder, ids, options) {
      refuseLeaf(account, folder);
      const path = directoryOf(account, folder);
      const top = await list({ path }, options);
      const leaves = top.entries.filter(({ type, name }) => type === "directory" && ["new", "cur"].includes(name));
      const places = [top];
      for (const leaf of leaves) places.push(await list({ path: leaf.path }, options));
      const names = new Set(
        places.flatMap(({ entries }) => entries.flatMap(({ type, name }) => (type === "message" ? name : []))),
      );
      return ids.filter((id) => names.has(id));
    },
  };
}

/** The directory of such an account is called like those that hold mail: Robin would change the ones beside it. */
function refuseLeaf(account: StoreAccount, folder: string): void {
  const isInbox = directoryOf(account, folder) === `${account.domain}/${account.user}`;
  if (isInbox && ["new", "cur"].includes(account.user))
    refuse("user", "must not be new or cur: Robin mistakes the inbox of such an account");
}

/** Asked for as text: as JSON, Robin drops the connection when a mail is not UTF-8. */
function messageRequest(input: MailInput): RobinExchange {
  const { path } = checked(MailInput, input);
  return {
    service: "client",
    method: "GET",
    endpoint: "/store/{path}",
    path: storeRoute(root, ...splitPath(path)),
    mediaType: "text/plain",
    large: true,
  };
}
