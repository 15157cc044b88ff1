import { DroppedConnection } from "../http/answer.ts";
import { javaTrim } from "../java/java-text.ts";
import { StoreIoError, joinPath, nameOf, parentOf, toPath } from "./file-tree.ts";
import type { FileTree } from "./file-tree.ts";

/** Thrown for paths that leave the account; Robin tells it from other errors by its text. */
export const forbidden = (): StoreIoError => new StoreIoError("Forbidden");

/**
 * What Robin reads after a prefix of the already decoded path: decoded once more, as a form, backslashes as slashes.
 * Throws DroppedConnection for a percent sign without two hexadecimal digits.
 */
export function decodeStorePath(path: string, prefix: string): string {
  const rest = path.slice(prefix.length).replaceAll("+", " ");
  if (/%(?![0-9A-Fa-f]{2})/.test(rest)) throw new DroppedConnection("an escape of the path is not hexadecimal");
  const decoded = rest.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) =>
    Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"),
  );
  return trimSlashes(decoded.replaceAll("\\", "/"));
}

export const trimSlashes = (path: string): string => path.replace(/^\/+|\/+$/g, "");

/** Blank segments are dropped, blanks around a name stay. */
export const segmentsOf = (path: string): string[] => path.split("/").filter((segment) => segment.trim() !== "");

const isInbox = (name: string): boolean => name.toLowerCase() === "inbox";
const isInternal = (name: string): boolean => ["new", "cur", "tmp"].includes(name);
const withDot = (name: string): string => (name.startsWith(".") ? name : `.${name}`);

/** Robin's form of a folder path: `Projects/2026` is `.Projects/.2026`, the inbox is the account itself. Throws StoreIoError. */
export function normalizeFolderPath(folder: string): string {
  const clean = trimSlashes(javaTrim(folder.replaceAll("\\", "/")));
  if (clean.includes("..")) throw forbidden();
  const parts = clean
    .split("/")
    .map(javaTrim)
    .filter((part) => part !== "");
  const start = parts.findIndex((part) => !isInbox(part));
  return (start < 0 ? [] : parts.slice(start)).map((part) => (isInternal(part) ? part : withDot(part))).join("/");
}

/** Throws StoreIoError. */
export function normalizeFolderName(rawName: string): string {
  const name = javaTrim(rawName).replaceAll("\\", "/");
  if (name.trim() === "") throw new StoreIoError("Folder name is required.");
  if (name.includes("/") || name === ".") throw new StoreIoError("Invalid folder name.");
  if (name.includes("..")) throw forbidden();
  return withDot(name);
}

/** Throws StoreIoError, or InvalidPathError for a NUL. */
export function resolveFolder(account: string, folder: string): string {
  if (folder.includes("..")) throw forbidden();
  return joinPath(account, toPath(folder));
}

export const resolveNormalized = (account: string, folder: string): string =>
  resolveFolder(account, normalizeFolderPath(folder));

/** The normalised folder, or the directory of exactly that name if only that exists. */
export function resolveExisting(tree: FileTree, account: string, folder: string): string {
  const normalized = resolveNormalized(account, folder);
  if (tree.exists(normalized)) return normalized;
  const literal = resolveFolder(account, folder);
  return tree.exists(literal) ? literal : normalized;
}

/** Directories that hold messages themselves, `tmp` excepted. */
export const isLeaf = (path: string): boolean => ["new", "cur"].includes(nameOf(path));

export const leafOf = (folder: string, leaf: "new" | "cur"): string =>
  joinPath(isLeaf(folder) ? parentOf(folder) : folder, leaf);

export const isEml = (name: string): boolean => name.toLowerCase().endsWith(".eml");
