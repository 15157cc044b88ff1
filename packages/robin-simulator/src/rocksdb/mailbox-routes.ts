import { json } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { RouteContext } from "../http/route-context.ts";
import type { GsonMap } from "../java/gson-reader.ts";
import { printGson } from "../java/gson-writer.ts";
import type { WritableObject } from "../java/gson-writer.ts";
import { StoreIoError } from "../store/file-tree.ts";
import { intOf, parseBody, textOf, textsOf } from "../store/json-body.ts";
import { decodeStorePath, segmentsOf } from "../store/store-paths.ts";
import { folderPath, mailState, ownerOf } from "./mailbox-names.ts";
import type { Owner } from "./mailbox-names.ts";
import type { MailRecord, MailboxStore } from "./mailbox-store.ts";

const notFound = (): Answer => json(404, '{"error":"Not Found"}');
const forbidden = (): Answer => json(403, '{"error":"Forbidden"}');

/** `/store-rocksdb` and every path that begins with it. JSON only, whatever the Accept. */
export async function handleMailboxes(context: RouteContext): Promise<Answer> {
  if (context.mailboxes === undefined) return json(503, '{"error":"RocksDB storage disabled."}');
  const decoded = decodeStorePath(context.path, "/store-rocksdb");
  if (decoded.includes("..")) return forbidden();
  const segments = segmentsOf(decoded);
  try {
    const answer = context.method === "GET" ? view(context, segments) : await change(context, segments);
    return answer ?? notFound();
  } catch (error) {
    if (!(error instanceof StoreIoError)) throw error;
    if (error.message === "Forbidden") return forbidden();
    return json(400, `{"r":0,"msg":"${error.message}"}`);
  }
}

function view({ mailboxes: store, query }: RouteContext, segments: readonly string[]): Answer | undefined {
  const [domain, user, scope, ...rest] = segments;
  if (store === undefined || domain === undefined || user === undefined) return undefined;
  const state = query.get("state");
  const owner = () => ownerOf(domain, user);
  if (scope === undefined) return mailboxView(store, owner(), state);
  if (scope === "folders" && rest.length >= 2 && rest.at(-1) === "properties")
    return folderView(store, owner(), { path: rest.slice(0, -1), state: undefined }).properties;
  if (scope === "folders" && rest.length >= 1) return folderView(store, owner(), { path: rest, state }).view;
  const [id] = rest;
  if (scope !== "messages" || id === undefined || rest.length > 1) return undefined;
  const mail = store.mail(owner(), id);
  if (mail === undefined) return undefined;
  return json(200, printGson({ message: summaryOf(mail), content: mail.content.toString("latin1") }));
}

/** Counts follow the filter: of the read mails none is unread. */
function mailboxView(store: MailboxStore, owner: Owner, rawState: string | undefined): Answer {
  store.open(owner);
  const state = mailState(rawState);
  const mails = store.mails(owner, { state });
  const folders = store.folders(owner).map(({ path, system }): WritableObject => {
    const inside = mails.filter(({ folder }) => folder === path);
    return { path, system, total: inside.length, unread: inside.filter(({ read }) => !read).length };
  });
  return json(200, printGson({ r: 1, ...owner, state, folders, messages: mails.map(summaryOf) }));
}

/** Makes the folder. */
function folderView(
  store: MailboxStore,
  owner: Owner,
  request: { path: readonly string[]; state: string | undefined },
): { view: Answer; properties: Answer } {
  const folder = folderPath(request.path.join("/"));
  store.ensureFolder(owner, folder);
  const state = mailState(request.state);
  const mails = store.mails(owner, { folder, state });
  const unread = mails.filter(({ read }) => !read).length;
  const size = mails.reduce((sum, { content }) => sum + content.length, 0);
  const counts = { total: mails.length, unread, read: mails.length - unread, size };
  const properties: WritableObject = { r: 1, ...owner, folder, ...counts };
  const view = printGson({ r: 1, ...owner, folder, state, properties, messages: mails.map(summaryOf) });
  return { view: json(200, view), properties: json(200, printGson(properties)) };
}

function summaryOf(mail: MailRecord): WritableObject {
  const { id, folder, read, receivedAtMs, updatedAtMs, content, sourceFile } = mail;
  const head = { id, folder, read, receivedAt: receivedAtMs, updatedAt: updatedAtMs, size: content.length };
  // Mail that came in over SMTP never has these three.
  return { ...head, subject: "", from: "", to: "", sourceFile };
}

async function change(context: RouteContext, segments: readonly string[]): Promise<Answer | undefined> {
  const [domain, user, scope, ...rest] = segments;
  const { mailboxes: store, method } = context;
  if (store === undefined || domain === undefined || user === undefined || scope === undefined) return undefined;
  const body = parseBody(await context.readText());
  const owner = () => ownerOf(domain, user);
  if (scope === "folders") return changeFolders({ store, method, owner, rest, body });
  if (scope === "messages" && method === "POST" && rest.length === 1)
    return messageOperations.get(rest[0] ?? "")?.(store, owner(), body);
  return undefined;
}

interface FolderChange {
  readonly store: MailboxStore;
  readonly method: string;
  readonly owner: () => Owner;
  readonly rest: readonly string[];
  readonly body: GsonMap;
}

function changeFolders({ store, method, owner, rest, body }: FolderChange): Answer | undefined {
  const done = (message: string): Answer => json(200, `{"r":1,"msg":"${message}"}`);
  const folder = rest.join("/");
  if (method === "POST" && rest.length === 0) {
    store.createFolder(owner(), textOf(body, "parent"), textOf(body, "name"));
    return done("Folder created.");
  }
  if (method === "PATCH" && rest.length > 0) {
    store.renameFolder(owner(), folder, textOf(body, "name"));
    return done("Folder renamed.");
  }
  if (method === "DELETE" && rest.length > 0) {
    store.deleteFolder(owner(), folder);
    return done("Folder removed.");
  }
  if (method !== "POST" || rest.length < 2) return undefined;
  const source = rest.slice(0, -1).join("/");
  const parent = textOf(body, "destinationParent");
  if (rest.at(-1) === "copy") {
    store.copyFolder(owner(), source, parent, textOf(body, "newName"));
    return done("Folder copied.");
  }
  if (rest.at(-1) !== "move") return undefined;
  store.moveFolder(owner(), source, parent);
  return done("Folder moved.");
}

type Operation = (store: MailboxStore, owner: Owner, body: GsonMap) => Answer;

const messageOperations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  [
    "move",
    (store, owner, body) => {
      const [from, to] = [textOf(body, "fromFolder"), textOf(body, "toFolder")];
      const moved = store.moveMails(owner, from, to, textsOf(body, "messageIds"));
      return json(200, `{"success":${moved > 0},"moved":${moved}}`);
    },
  ],
  [
    "read-status",
    (store, owner, body) => {
      const [folder, action] = [textOf(body, "folder"), textOf(body, "action")];
      return json(200, `{"moved":${store.setRead(owner, folder, action, textsOf(body, "messageIds"))}}`);
    },
  ],
  [
    "mark-all-read",
    (store, owner, body) => json(200, `{"success":true,"moved":${store.markAllRead(owner, textOf(body, "folder"))}}`),
  ],
  [
    "delete-all",
    (store, owner, body) => json(200, `{"success":true,"deleted":${store.deleteAll(owner, textOf(body, "folder"))}}`),
  ],
  [
    "cleanup",
    (store, owner, body) => {
      const affected = store.cleanUp(owner, textOf(body, "folder"), intOf(body, "months", 3));
      return json(200, `{"r":1,"msg":"Cleanup complete.","affected":${affected}}`);
    },
  ],
]);
