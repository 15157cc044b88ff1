import { DroppedConnection, json, text } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { RouteContext } from "../http/route-context.ts";
import { printGson } from "../java/gson-writer.ts";
import { changeDrafts } from "./draft-operations.ts";
import { InvalidPathError, StoreIoError, nameOf, toPath } from "./file-tree.ts";
import type { StoredFile } from "./file-tree.ts";
import { changeFolders, folderProperties } from "./folder-operations.ts";
import { parseBody } from "./json-body.ts";
import { listingAsHtml, listingAsJson } from "./listing.ts";
import { messageOperations } from "./message-operations.ts";
import { decodeStorePath, isEml, segmentsOf } from "./store-paths.ts";

/** `/store` and every path that begins with it. */
export async function handleStore(context: RouteContext): Promise<Answer> {
  const wantsJson = context.accept.toLowerCase().includes("application/json");
  const decoded = decodeStorePath(context.path, "/store");
  const plain = (status: number, reason: string): Answer =>
    wantsJson ? json(status, `{"error":"${reason}"}`) : text(status, reason);
  if (decoded.includes("..")) return plain(403, "Forbidden");
  const path = pathOrDrop(decoded);
  const segments = segmentsOf(decoded);
  if (context.method !== "GET") return change(context, segments);

  const tree = context.store;
  if (segments.length >= 5 && segments[2] === "folders" && segments.at(-1) === "properties") {
    return withFolderErrors(() => folderProperties(tree, accountOf(segments), segments.slice(3, -1)));
  }
  const file = tree.file(path);
  if (file !== undefined && isEml(path)) return wantsJson ? mailAsJson(decoded, file) : mail(file);
  const directory = tree.directory(path);
  if (directory === undefined) return plain(404, "Not Found");
  return wantsJson ? listingAsJson(decoded, directory) : listingAsHtml(decoded, directory);
}

/** No exception handler is around Robin's own look at the path. */
function pathOrDrop(decoded: string): string {
  try {
    return toPath(decoded);
  } catch {
    throw new DroppedConnection("the path holds a NUL");
  }
}

const accountOf = (segments: readonly string[]): string => toPath(segments.slice(0, 2).join("/"));

const mail = (file: StoredFile): Answer => ({
  status: 200,
  headers: { "Content-type": "text/plain; charset=utf-8" },
  body: file.bytes,
});

function mailAsJson(decoded: string, { bytes }: StoredFile): Answer {
  let content: string;
  try {
    content = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DroppedConnection("the message is not UTF-8");
  }
  const path = `/store/${decoded}`;
  return json(200, printGson({ path, size: bytes.length, name: nameOf(decoded), content }));
}

const notFound = (): Answer => json(404, '{"error":"Not Found"}');

async function change(context: RouteContext, segments: readonly string[]): Promise<Answer> {
  const [, , scope] = segments;
  const { method, store: tree, clock } = context;
  const rest = segments.slice(3);
  const readBody = async () => parseBody(await context.readText());
  if (scope === "folders") {
    const account = accountOf(segments);
    return withFolderErrors(async () => (await changeFolders({ tree, method, account, rest, readBody })) ?? notFound());
  }
  if (scope === "messages") {
    const [operation = ""] = rest;
    if (method !== "POST" || rest.length !== 1) return notFound();
    return withErrors(async () => {
      const body = await readBody();
      const request = { tree, account: accountOf(segments), body, now: clock.now() };
      return messageOperations.get(operation)?.(request) ?? notFound();
    });
  }
  if (scope !== "drafts") return notFound();
  const account = accountOf(segments);
  return withErrors(async () => (await changeDrafts({ tree, method, account, rest, context })) ?? notFound());
}

const withErrors = (work: () => Answer | Promise<Answer>): Promise<Answer> =>
  translated(work, (message) => `{"error":"${message}"}`);
const withFolderErrors = (work: () => Answer | Promise<Answer>): Promise<Answer> =>
  translated(work, (message) => `{"r":0,"msg":"${message}"}`);

/** Robin's error answers. It escapes only backslashes and quotes, so other characters can break its JSON. */
async function translated(
  work: () => Answer | Promise<Answer>,
  badRequest: (message: string) => string,
): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InvalidPathError) return json(500, '{"error":"Internal Server Error"}');
    if (!(error instanceof StoreIoError)) throw error;
    if (error.message === "Forbidden") return json(403, '{"error":"Forbidden"}');
    return json(400, badRequest(error.message.replaceAll("\\", "\\\\").replaceAll('"', '\\"')));
  }
}
