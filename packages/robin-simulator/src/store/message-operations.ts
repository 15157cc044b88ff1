import { json } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { GsonMap } from "../java/gson-reader.ts";
import { printGson } from "../java/gson-writer.ts";
import { StoreIoError, joinPath, nameOf, parentOf, toPath } from "./file-tree.ts";
import type { FileTree } from "./file-tree.ts";
import { intOf, monthsBefore, textOf, textsOf } from "./json-body.ts";
import { isEml, isLeaf, leafOf, resolveNormalized } from "./store-paths.ts";

export interface MessageRequest {
  readonly tree: FileTree;
  readonly account: string;
  readonly body: GsonMap;
  readonly now: Date;
}

type Operation = (request: MessageRequest) => Answer;

/** The operations of `POST /store/{d}/{u}/messages/{op}`. They throw StoreIoError and InvalidPathError. */
export const messageOperations: ReadonlyMap<string, Operation> = new Map([
  ["move", moveMessages],
  ["read-status", setReadStatus],
  ["mark-all-read", markAllRead],
  ["delete-all", deleteAll],
  ["cleanup", cleanUp],
]);

function moveMessages({ tree, account, body }: MessageRequest): Answer {
  const from = resolveNormalized(account, textOf(body, "fromFolder"));
  const target = leafOf(resolveNormalized(account, textOf(body, "toFolder")), "new");
  tree.makeDirectories(target);
  let moved = 0;
  for (const id of idsOf(body)) {
    const source = findIn(tree, from, id) ?? findAnywhere(tree, account, id);
    if (source === undefined) continue;
    tree.move(source, joinPath(target, id));
    moved += 1;
  }
  return json(200, printGson({ success: moved > 0, moved }));
}

function setReadStatus({ tree, account, body }: MessageRequest): Answer {
  const folder = resolveNormalized(account, textOf(body, "folder"));
  const action = textOf(body, "action").trim().toLowerCase();
  if (action !== "read" && action !== "unread") throw new StoreIoError("Invalid action");
  const [source, target] = action === "read" ? (["new", "cur"] as const) : (["cur", "new"] as const);
  tree.makeDirectories(leafOf(folder, target));
  let moved = 0;
  for (const id of idsOf(body)) {
    const path = joinPath(leafOf(folder, source), id);
    if (!tree.exists(path)) continue;
    tree.move(path, joinPath(leafOf(folder, target), id));
    moved += 1;
  }
  return json(200, `{"moved":${moved}}`);
}

function markAllRead({ tree, account, body }: MessageRequest): Answer {
  const folder = resolveNormalized(account, textOf(body, "folder"));
  const target = leafOf(folder, "cur");
  tree.makeDirectories(target);
  const files = filesOf(tree, leafOf(folder, "new"));
  for (const path of files) tree.move(path, joinPath(target, nameOf(path)));
  return json(200, printGson({ success: true, moved: files.length }));
}

function deleteAll({ tree, account, body }: MessageRequest): Answer {
  const folder = resolveNormalized(account, textOf(body, "folder"));
  const places = isLeaf(folder) ? [folder] : [folder, joinPath(folder, "new"), joinPath(folder, "cur")];
  const mails = places.flatMap((place) => filesOf(tree, place)).filter(isEml);
  for (const path of mails) tree.deleteIfExists(path);
  return json(200, printGson({ deleted: mails.length, success: true }));
}

/** Looks into all folders below, so the inbox stands for the whole account, drafts included. */
function cleanUp({ tree, account, body, now }: MessageRequest): Answer {
  const folder = resolveNormalized(account, textOf(body, "folder"));
  const cutoffMs = monthsBefore(now, intOf(body, "months", 3)).getTime();
  const old = tree.walkFiles(folder).filter(({ path, file }) => isEml(path) && file.modifiedAtMs < cutoffMs);
  for (const { path } of old) tree.deleteIfExists(path);
  return json(200, printGson({ msg: "Cleanup complete.", r: 1, affected: old.length }));
}

/** Blank ids and ids with `..` are passed over; of a path only the last name counts. Throws InvalidPathError. */
function idsOf(body: GsonMap): string[] {
  return textsOf(body, "messageIds")
    .map((id) => id.replaceAll("\\", "/"))
    .filter((id) => id.trim() !== "" && !id.includes(".."))
    .map((id) => toPath(id.slice(id.lastIndexOf("/") + 1)));
}

const filesOf = (tree: FileTree, directory: string): string[] =>
  [...(tree.directory(directory) ?? [])].flatMap(([name, node]) =>
    node instanceof Map ? [] : [joinPath(directory, name)],
  );

function findIn(tree: FileTree, folder: string, id: string): string | undefined {
  if (id === "") return undefined;
  const candidates = isLeaf(folder)
    ? [joinPath(folder, id), joinPath(parentOf(folder), nameOf(folder) === "new" ? "cur" : "new", id)]
    : ["", "new", "cur"].map((leaf) => joinPath(folder, leaf, id));
  return candidates.find((path) => tree.exists(path));
}

function findAnywhere(tree: FileTree, account: string, id: string): string | undefined {
  return findIn(tree, account, id) ?? tree.walkFiles(account).find(({ path }) => nameOf(path) === id)?.path;
}
