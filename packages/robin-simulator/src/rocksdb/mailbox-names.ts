import { javaTrim } from "../java/java-text.ts";
import { StoreIoError } from "../store/file-tree.ts";

/** The names that Robin ships for its two system folders. */
export const inboxFolder = "Inbox";
export const sentFolder = "Sent";
export const isSystemFolder = (folder: string): boolean => folder === inboxFolder || folder === sentFolder;

export interface Owner {
  readonly domain: string;
  readonly user: string;
}

/** Throws StoreIoError. */
export function ownerOf(domain: string, user: string): Owner {
  return { domain: mailboxPart(domain, "domain"), user: mailboxPart(user, "user") };
}

function mailboxPart(value: string, label: string): string {
  const clean = javaTrim(value).replaceAll("\\", "/");
  if (clean === "" || clean.includes("/") || clean.includes("..")) throw new StoreIoError(`Invalid ${label}.`);
  return clean.toLowerCase();
}

/** `fallback` stands for a blank path; without one that is an error. Throws StoreIoError. */
export function folderPath(raw: string, fallback?: string): string {
  const clean = javaTrim(raw)
    .replaceAll("\\", "/")
    .replace(/^\/+|\/+$/g, "");
  if (clean.includes("..")) throw new StoreIoError("Forbidden");
  const parts = clean
    .split("/")
    .map(javaTrim)
    .filter((part) => part !== "");
  const [first, ...rest] = parts;
  if (first === undefined) {
    if (fallback === undefined) throw new StoreIoError("Folder is required.");
    return fallback;
  }
  const system = [inboxFolder, sentFolder].find((name) => name.toLowerCase() === first.toLowerCase());
  return [system ?? first, ...rest].join("/");
}

/** Throws StoreIoError. */
export function folderName(raw: string): string {
  const clean = javaTrim(raw).replaceAll("\\", "/");
  if (clean === "" || clean.includes("/") || clean === "." || clean.includes(".."))
    throw new StoreIoError("Invalid folder name.");
  return clean;
}

export type MailState = "read" | "unread";

/** Undefined for no filter. Throws StoreIoError. */
export function mailState(raw: string | undefined): MailState | undefined {
  const state = (raw ?? "").toLowerCase();
  if (state.trim() === "") return undefined;
  if (state !== "read" && state !== "unread") throw new StoreIoError("Invalid state.");
  return state;
}

export const appendFolder = (parent: string, name: string): string => (parent === "" ? name : `${parent}/${name}`);
export const leafFolder = (folder: string): string => folder.slice(folder.lastIndexOf("/") + 1);
export const parentFolder = (folder: string): string => folder.slice(0, Math.max(0, folder.lastIndexOf("/")));
export const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
