import { extractMessage, isRawUpload } from "../enqueue/upload.ts";
import { json } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { RouteContext } from "../http/route-context.ts";
import { printGson } from "../java/gson-writer.ts";
import { javaTrim } from "../java/java-text.ts";
import { joinPath, toPath } from "./file-tree.ts";
import type { FileTree } from "./file-tree.ts";
import { parseBody, textOf } from "./json-body.ts";
import { isEml } from "./store-paths.ts";

export interface DraftRequest {
  readonly tree: FileTree;
  readonly method: string;
  /** `{domain}/{user}`. */
  readonly account: string;
  /** The segments after `drafts`. */
  readonly rest: readonly string[];
  readonly context: RouteContext;
}

/** Undefined where Robin has no such operation, though the folder is there afterwards. Throws StoreIoError and InvalidPathError. */
export async function changeDrafts(request: DraftRequest): Promise<Answer | undefined> {
  const { tree, method, account, rest, context } = request;
  const drafts = joinPath(account, ".Drafts");
  tree.makeDirectories(joinPath(drafts, "new"));
  const [draftId = "", kind, attachmentId = ""] = rest.map(toPath);
  const attachments = joinPath(drafts, "attachments", draftId);

  if (method === "POST" && rest.length === 0) return saveDraft(request, `draft-${context.newUuid()}.eml`);
  if (method === "PUT" && rest.length === 1) return saveDraft(request, draftId);
  if (method === "DELETE" && rest.length === 1) {
    for (const place of ["new", "cur", ""]) tree.deleteIfExists(joinPath(drafts, place, draftId));
    return json(200, '{"r":1,"msg":"mail successfully discarded."}');
  }
  if (method === "POST" && rest.length === 2 && kind === "attachments") {
    tree.makeDirectories(attachments);
    const bytes = extractMessage(await context.readBytes(), context.contentType);
    const id = `att-${context.newUuid()}-${normalizeUploadName(context)}`;
    tree.write(joinPath(attachments, toPath(id)), bytes);
    return json(200, printGson({ r: 1, f: [id] }));
  }
  if (method === "DELETE" && rest.length === 3 && kind === "attachments") {
    tree.deleteIfExists(joinPath(attachments, attachmentId));
    return json(200, '{"r":1}');
  }
  return undefined;
}

async function saveDraft({ tree, account, context }: DraftRequest, draftId: string): Promise<Answer> {
  const bytes = await readDraft(context);
  tree.write(joinPath(account, ".Drafts", "new", draftId), bytes);
  return json(200, printGson({ msg: "mail successfully saved.", r: 1, draftId }));
}

/** A finished message, or the few headers that Robin writes from JSON. */
async function readDraft({ contentType, readBytes, readText }: RouteContext): Promise<Buffer> {
  if (isRawUpload(contentType)) return extractMessage(await readBytes(), contentType);
  const body = parseBody(await readText());
  const headers = (["From", "To", "Subject"] as const).map((name) => {
    const value = textOf(body, name.toLowerCase());
    return value.trim() === "" ? "" : `${name}: ${value}\r\n`;
  });
  return Buffer.from(`${headers.join("")}\r\n${textOf(body, "message", textOf(body, "body"))}`);
}

/** Whatever was uploaded becomes an `.eml`. */
function normalizeUploadName({ query, clock, newUuid }: RouteContext): string {
  const requested = javaTrim(query.get("filename") ?? "") || `eml-${clock.now().getTime()}.eml`;
  const slashed = requested.replaceAll("\\", "/");
  const slash = slashed.lastIndexOf("/");
  const last = slash < slashed.length - 1 ? slashed.slice(slash + 1) : slashed;
  const name = isEml(last) ? last : `${last}.eml`;
  return name.includes("..") ? `eml-${newUuid()}.eml` : name;
}
