import { z } from "zod";
import { RobinInputError } from "../errors.ts";
import { pathSegment } from "../path-segment.ts";

/** What file systems take, in bytes. */
const nameBytesMax = 255;
const pathCharactersMax = 4_000;

// eslint-disable-next-line no-control-regex
const noControls = z.string().regex(/^[^\x00-\x1f\x7f]*$/, "must not contain control characters");
const wellFormed = noControls.refine((value) => value.isWellFormed(), "must be well-formed Unicode");
/** Robin refuses every path with two dots in a row, inside names as well. */
const twoDots = "must not contain two dots in a row";
const noDots = wellFormed.refine((value) => !value.includes(".."), twoDots);

const fits = (value: string): boolean => Buffer.byteLength(value) <= nameBytesMax;
const tooLong = `must not be longer than ${nameBytesMax} bytes`;

/** One name of a file or directory, as it is on disk. */
export const StoreName = noDots
  .refine((value) => value.trim() !== "" && value !== ".", "must not be blank or a dot")
  .refine((value) => !/[/\\]/.test(value), "must not contain a slash or backslash")
  .refine(fits, tooLong);

/** A mail's file name, which is its id. */
export const MessageId = StoreName.refine((value) => isMailName(value), "must end with .eml");

/**
 * A place in the store as it is on disk: `example.com/tony/.Projects/new/1.eml`. Slashes around it are ignored, the
 * empty path is the root. The paths of a listing have this form.
 */
export const StorePath = z
  .string()
  .max(pathCharactersMax)
  // Odd names exist on disk and must be readable; a NUL would make Robin drop the connection.
  .refine((value) => value.isWellFormed() && !value.includes("\0"), "must be well-formed Unicode without NUL")
  .refine((value) => !value.includes(".."), twoDots)
  .transform((value) => value.replace(/^\/+|\/+$/g, ""))
  .refine((value) => !value.includes("\\"), "must not contain a backslash")
  .refine((value) => value === "" || value.split("/").every(isName), "must be names joined by single slashes")
  .refine((value) => value.split("/").every(fits), `a name ${tooLong}`);

/** The attachments of a draft lie in a directory that is called like the draft. */
function isDraftDirectory(parts: readonly string[]): boolean {
  return parts.length === 5 && parts[2] === ".Drafts" && parts[3] === "attachments";
}

/** The path of a directory. Robin would answer some others with something else, or with a dropped connection. */
export const DirectoryPath = StorePath.refine((path) => {
  const parts = splitPath(path);
  return !(parts.length >= 5 && parts[2] === "folders" && parts.at(-1) === "properties");
}, "is not a directory for Robin but the properties of a folder").refine(
  (path) => !isMailName(path) || isDraftDirectory(splitPath(path)),
  "is a mail, not a directory",
);

/** The path of a mail. */
export const MailPath = StorePath.refine(isMailName, "must end with .eml: Robin shows no other file")
  .refine((path) => splitPath(path).length >= 2, "must be a mail inside a directory")
  .refine((path) => !isDraftDirectory(splitPath(path)), "is the directory of a draft's attachments, not a mail");

/**
 * A folder that others are in, as people name it, without the dots of the disk: `Projects/2026`. Empty is the top
 * level. Robin adds the dots.
 */
export const ParentPath = noDots
  .max(pathCharactersMax)
  .refine((value) => !value.includes("\\"), "must not contain a backslash")
  .refine(
    (value) => value === "" || value.split("/").every((part) => isName(part) && part.trim() === part),
    "must be names joined by single slashes, without blanks around them",
  )
  .refine((value) => value.split("/").every(fitsWithDot), tooLong)
  .refine(
    (value) => !value.split("/").some(isInternal),
    "must not contain new, cur or tmp, which Robin keeps for itself",
  );

/** A folder as people name it. Empty or `inbox`, in any case, is the inbox. */
export const FolderPath = ParentPath.transform((value) => (value.toLowerCase() === "inbox" ? "" : value));

export const ChangeableFolderPath = FolderPath.refine((value) => value !== "", "must not be the inbox");

/** The name of a folder to be. Robin would make folders of some names that no route could find again. */
export const FolderName = StoreName.refine((value) => value.trim() === value, "must not have blanks around it")
  .refine(fitsWithDot, tooLong)
  .refine((value) => !/^\.?inbox$/i.test(value), "must not be the inbox's: Robin would make a folder nobody can reach")
  .refine((value) => !isInternal(value.replace(/^\./, "")), "must not be new, cur or tmp, which Robin keeps for itself")
  .refine((value) => !isMailName(value), "must not end with .eml, as mails do");

function isMailName(name: string): boolean {
  return /\.eml$/i.test(name);
}

function isName(part: string): boolean {
  return part.trim() !== "" && part !== ".";
}

function isInternal(part: string): boolean {
  return ["new", "cur", "tmp"].includes(part);
}

function fitsWithDot(part: string): boolean {
  return fits(part.startsWith(".") ? part : `.${part}`);
}

/** The mailbox of an address: `user` is its local part. Robin tells upper from lower case in `/store`. */
export const StoreAccount = z.object({ domain: StoreName, user: StoreName });
export type StoreAccount = z.infer<typeof StoreAccount>;

/** An encoded path of fixed words and values below `/store` or `/store-rocksdb`. */
export function storeRoute(root: string, ...parts: readonly string[]): string {
  return [root, ...parts.filter((part) => part !== "").map((part) => pathSegment(part))].join("/");
}

export function splitPath(path: string): string[] {
  return path === "" ? [] : path.split("/");
}

/** The folder's directory on disk, from the root of the store. Robin takes `inbox` at the beginning for the account itself. */
export function directoryOf({ domain, user }: StoreAccount, folder: string): string {
  const parts = splitPath(folder);
  const start = parts.findIndex((part) => part.toLowerCase() !== "inbox");
  const dotted = parts
    .slice(start < 0 ? parts.length : start)
    .map((part) => (part.startsWith(".") ? part : `.${part}`));
  return [domain, user, ...dotted].join("/");
}

/** Throws RobinInputError. */
export function refuse(field: string, problem: string): never {
  throw new RobinInputError(field, problem);
}
