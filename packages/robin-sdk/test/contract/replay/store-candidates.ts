import type { RobinClient } from "../../../src/index.ts";
import type { Candidate } from "./candidates.ts";
import type { RecordedExchange } from "./recordings.ts";
import { bodyKind, jsonOf, wantsJson } from "./sameness.ts";

type Root = "/store" | "/store-rocksdb";

/** What the requests of both stores say, in the words of the SDK; what is absent is absent. */
interface Said {
  domain: string;
  user: string;
  folder: string;
  name: string;
  newName?: string;
  parent?: string;
  destinationParent: string;
  fromFolder: string;
  toFolder: string;
  messageIds: string[];
  read: boolean;
  months?: number;
}

/** The methods that both stores have are called on either. */
export function storeCandidate(root: Root, exchange: RecordedExchange): Candidate | undefined {
  const { method, path = "", query } = exchange;
  const [domain = "", user = "", scope = "", ...rest] = path.slice(root.length + 1).split("/");
  const body = jsonOf(exchange.body);
  const said = { destinationParent: "", ...body, domain, user } as unknown as Said;
  const resource = root === "/store" ? "store" : "mailboxes";
  const on = (name: string, call: (store: RobinClient["store"] | RobinClient["mailboxes"]) => Promise<unknown>) => ({
    method: `${resource}.${name}`,
    call: (client: RobinClient) => call(client[resource]),
  });

  if (method === "GET") {
    if (scope === "folders" && rest.length > 1 && rest.at(-1) === "properties") {
      const folder = rest.slice(0, -1).join("/");
      return on("folderProperties", (store) => store.folderProperties({ ...said, folder }));
    }
    return root === "/store" ? storeRead(exchange) : mailboxRead({ domain, user, scope, rest, query });
  }
  if (scope === "folders") return folderChange(method, rest, said, on);
  if (scope === "messages" && method === "POST" && rest.length === 1) return messageChange(rest[0] ?? "", said, on);
  if (scope === "drafts" && root === "/store") return draftChange(rest, said, exchange);
  return undefined;
}

/** Robin's own, which the SDK wants to be said. */
const monthsDefault = 3;

type On = (
  name: string,
  call: (store: RobinClient["store"] | RobinClient["mailboxes"]) => Promise<unknown>,
) => Candidate;

function folderChange(method: string, rest: string[], said: Said, on: On): Candidate | undefined {
  if (method === "POST" && rest.length === 0) return on("folders.create", ({ folders }) => folders.create(said));
  const operation = method === "POST" ? rest.at(-1) : undefined;
  const input = { ...said, folder: (operation === undefined ? rest : rest.slice(0, -1)).join("/") };
  if (method === "PATCH") return on("folders.rename", ({ folders }) => folders.rename(input));
  if (method === "DELETE") return on("folders.delete", ({ folders }) => folders.delete(input));
  if (operation === "copy") return on("folders.copy", ({ folders }) => folders.copy(input));
  if (operation === "move") return on("folders.move", ({ folders }) => folders.move(input));
  return undefined;
}

function messageChange(operation: string, said: Said, on: On): Candidate | undefined {
  const read = (said as { action?: unknown }).action === "read";
  switch (operation) {
    case "move":
      return on("messages.move", ({ messages }) => messages.move(said));
    case "read-status":
      return on("messages.setReadStatus", ({ messages }) => messages.setReadStatus({ ...said, read }));
    case "mark-all-read":
      return on("messages.markAllRead", ({ messages }) => messages.markAllRead(said));
    case "delete-all":
      return on("messages.deleteAll", ({ messages }) => messages.deleteAll(said));
    case "cleanup":
      return on("messages.cleanup", ({ messages }) =>
        messages.cleanup({ ...said, months: said.months ?? monthsDefault, everyFolder: true }),
      );
    default:
      return undefined;
  }
}

function draftChange(rest: string[], { domain, user }: Said, exchange: RecordedExchange): Candidate | undefined {
  const { method, query, body } = exchange;
  const [draftId = "", scope, attachmentId = "", ...others] = rest;
  const account = { domain, user };
  const { message: text, ...headers } = jsonOf(body);
  const draft =
    bodyKind(exchange) === "json"
      ? { ...headers, ...(typeof text === "string" ? { text } : {}) }
      : { message: Uint8Array.from(body) };
  const found = (name: string, call: (drafts: RobinClient["store"]["drafts"]) => Promise<unknown>): Candidate => ({
    method: `store.drafts.${name}`,
    call: ({ store }) => call(store.drafts),
  });
  if (method === "POST" && rest.length === 0) return found("create", (drafts) => drafts.create({ ...account, draft }));
  if (method === "PUT" && rest.length === 1)
    return found("update", (drafts) => drafts.update({ ...account, draftId, draft }));
  if (method === "DELETE" && rest.length === 1)
    return found("delete", (drafts) => drafts.delete({ ...account, draftId }));
  if (scope !== "attachments" || others.length > 0) return undefined;
  if (method === "DELETE")
    return found("removeAttachment", (drafts) => drafts.removeAttachment({ ...account, draftId, attachmentId }));
  const attachment = { filename: query.get("filename") ?? "", content: Uint8Array.from(body) };
  if (method === "POST" && attachmentId === "")
    return found("addAttachment", (drafts) => drafts.addAttachment({ ...account, draftId, ...attachment }));
  return undefined;
}

function storeRead(exchange: RecordedExchange): Candidate {
  const { path: route = "" } = exchange;
  const path = route.slice("/store".length).replace(/^\/|\/$/g, "");
  const attachments = /^([^/]+)\/([^/]+)\/\.Drafts\/attachments\/([^/]+)$/.exec(path);
  if (attachments) {
    const [, domain = "", user = "", draftId = ""] = attachments;
    const input = { domain, user, draftId };
    return { method: "store.drafts.listAttachments", call: ({ store }) => store.drafts.listAttachments(input) };
  }
  return wantsJson(exchange)
    ? { method: "store.list", call: ({ store }) => store.list({ path }) }
    : { method: "store.messageBytes", call: ({ store }) => store.messageBytes({ path }) };
}

interface MailboxPlace {
  domain: string;
  user: string;
  scope: string;
  rest: string[];
  query: URLSearchParams;
}

function mailboxRead({ domain, user, scope, rest, query }: MailboxPlace): Candidate | undefined {
  const state = query.get("state") as "read" | "unread" | null;
  const account = { domain, user, ...(state === null ? {} : { state }) };
  if (scope === "" && user !== "")
    return { method: "mailboxes.view", call: (client) => client.mailboxes.view(account) };
  if (scope === "folders" && rest.length > 0) {
    const input = { ...account, folder: rest.join("/") };
    return { method: "mailboxes.folder", call: (client) => client.mailboxes.folder(input) };
  }
  if (scope !== "messages" || rest.length !== 1) return undefined;
  const [messageId = ""] = rest;
  return { method: "mailboxes.message", call: ({ mailboxes }) => mailboxes.message({ domain, user, messageId }) };
}
