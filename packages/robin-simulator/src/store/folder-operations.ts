import { json } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { GsonMap } from "../java/gson-reader.ts";
import { printGson } from "../java/gson-writer.ts";
import { joinPath, nameOf, parentOf, toPath } from "./file-tree.ts";
import type { FileTree } from "./file-tree.ts";
import { textOf } from "./json-body.ts";
import {
  isEml,
  leafOf,
  normalizeFolderName,
  normalizeFolderPath,
  resolveExisting,
  resolveFolder,
  resolveNormalized,
} from "./store-paths.ts";

export interface FolderRequest {
  readonly tree: FileTree;
  readonly method: string;
  /** `{domain}/{user}`. */
  readonly account: string;
  /** The segments after `folders`. */
  readonly rest: readonly string[];
  /** Parsed when an operation asks for it, which is after its looks at the path. */
  readonly readBody: () => Promise<GsonMap>;
}

const done = (message: string): Answer => json(200, `{"r":1,"msg":"${message}"}`);
const failed = (status: number, message: string): Answer => json(status, `{"r":0,"msg":"${message}"}`);
const missing = (): Answer => failed(404, "Folder not found.");

/** Undefined where Robin has no such operation. Throws StoreIoError and InvalidPathError. */
export async function changeFolders(request: FolderRequest): Promise<Answer | undefined> {
  const { method, rest } = request;
  if (method === "POST" && rest.length === 0) return createFolder(request);
  const action = rest.at(-1);
  if (method === "POST" && rest.length >= 2 && (action === "copy" || action === "move")) {
    const change = action === "copy" ? copyFolder : moveFolder;
    return withSource(request, rest.slice(0, -1), change);
  }
  if (method === "PATCH" && rest.length > 0) return withSource(request, rest, renameFolder);
  if (method === "DELETE" && rest.length > 0) return withSource(request, rest, deleteFolder);
  return undefined;
}

/** `rest` is what stands between `folders` and `properties`. */
export function folderProperties(tree: FileTree, account: string, rest: readonly string[]): Answer {
  const folder = resolveExisting(tree, account, rest.join("/"));
  if (tree.directory(folder) === undefined) return missing();
  const sizes = (leaf: "new" | "cur"): number[] =>
    [...(tree.directory(leafOf(folder, leaf)) ?? [])].flatMap(([name, node]) =>
      isEml(name) && !(node instanceof Map) ? [node.bytes.length] : [],
    );
  const unread = sizes("new");
  const all = [...unread, ...sizes("cur")];
  const size = all.reduce((sum, bytes) => sum + bytes, 0);
  return json(200, printGson({ r: 1, total: all.length, size, unread: unread.length }));
}

async function createFolder({ tree, account, readBody }: FolderRequest): Promise<Answer> {
  const body = await readBody();
  const parent = normalizeFolderPath(textOf(body, "parent"));
  const name = normalizeFolderName(textOf(body, "name"));
  const folder = resolveFolder(account, joinPath(parent, name));
  for (const leaf of ["new", "cur", "tmp"]) tree.makeDirectories(joinPath(folder, leaf));
  return done("Folder created.");
}

type Change = (tree: FileTree, source: string, account: string, body: () => Promise<GsonMap>) => Promise<Answer>;

async function withSource(request: FolderRequest, folder: readonly string[], change: Change): Promise<Answer> {
  const { tree, account, readBody } = request;
  const source = resolveExisting(tree, account, folder.join("/"));
  if (tree.directory(source) === undefined) return missing();
  if (source === account) return failed(400, "Cannot modify inbox root.");
  return change(tree, source, account, readBody);
}

const renameFolder: Change = async (tree, source, _account, readBody) => {
  const name = normalizeFolderName(textOf(await readBody(), "name"));
  tree.move(source, joinPath(parentOf(source), toPath(name)));
  return done("Folder renamed.");
};

const copyFolder: Change = async (tree, source, account, readBody) => {
  const body = await readBody();
  const parent = resolveNormalized(account, textOf(body, "destinationParent"));
  const name = normalizeFolderName(textOf(body, "newName", nameOf(source)));
  tree.makeDirectories(parent);
  tree.copyTree(source, joinPath(parent, toPath(name)));
  return done("Folder copied.");
};

const moveFolder: Change = async (tree, source, account, readBody) => {
  const parent = resolveNormalized(account, textOf(await readBody(), "destinationParent"));
  tree.makeDirectories(parent);
  tree.move(source, joinPath(parent, nameOf(source)));
  return done("Folder moved.");
};

const deleteFolder: Change = (tree, source) => {
  if (tree.walkFiles(source).length > 0) return Promise.resolve(failed(400, "Folder is not empty."));
  tree.deleteTree(source);
  return Promise.resolve(done("Folder removed."));
};
