import { decodeMessage, isRobinError } from "@robin/sdk";
import { basename } from "node:path/posix";
import { type Context, readOptions } from "../../context.ts";
import { Download, downloadOptions, throughDisk } from "../../download.ts";
import { AppError } from "../../errors.ts";
import { askStore, textBytesMax } from "./robin-store.ts";
import { toListing } from "./storage-listing.ts";
import type {
  FolderPropertiesInput,
  FolderPropertiesOutput,
  ListStorageInput,
  ListStorageOutput,
  StorageFileInput,
  StorageFileOutput,
} from "./storage.schemas.ts";

const noMail = { missing: "There is no mail at this path." };

/** @throws AppError `not_found` */
export async function listStorage(ctx: Context, input: ListStorageInput): Promise<ListStorageOutput> {
  const { path } = input;
  const { entries } = await askStore({ missing: "There is no directory at this path." }, () =>
    ctx.deps.robin.store.list({ path }, readOptions(ctx)).catch((error: unknown) => {
      // Robin makes the root with its first mail.
      if (path === "" && isRobinError(error) && error.status === 404) return { entries: [] };
      throw error;
    }),
  );
  return toListing(entries, input);
}

/** @throws AppError `not_found`; `conflict` for a mail of more than `textBytesMax` bytes */
export async function readStorageFile(ctx: Context, input: StorageFileInput): Promise<StorageFileOutput> {
  const stream = await askStore(noMail, () => ctx.deps.robin.store.openMessage(input, readOptions(ctx)));
  const bytes = await readBounded(stream.body, stream.sizeBytes);
  const { text, charset, sizeBytes } = decodeMessage(bytes);
  return { path: `/${input.path}`, content: text, charset, mimeType: "message/rfc822", size: sizeBytes };
}

/** Byte for byte. @throws AppError `not_found` */
export async function downloadStorageFile(ctx: Context, input: StorageFileInput): Promise<Download> {
  const stream = await askStore(noMail, () => ctx.deps.robin.store.openMessage(input, downloadOptions(ctx)));
  const head = { fileName: basename(input.path), mediaType: "message/rfc822" };
  return new Download(head, await throughDisk(stream.body));
}

/** @throws AppError `not_found` */
export async function storageFolderProperties(
  ctx: Context,
  input: FolderPropertiesInput,
): Promise<FolderPropertiesOutput> {
  const { sizeBytes, total, unread } = await askStore({ missing: "There is no such folder." }, () =>
    ctx.deps.robin.store.folderProperties(input, readOptions(ctx)),
  );
  return { size: sizeBytes, total, unread };
}

/** Reads no more than it has to in order to know that it is too much. */
async function readBounded(body: ReadableStream<Uint8Array>, announcedBytes = 0): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  if (announcedBytes <= textBytesMax) {
    // Leaving the loop cancels the stream.
    for await (const part of body) {
      parts.push(part);
      sizeBytes += part.byteLength;
      if (sizeBytes > textBytesMax) break;
    }
  } else {
    await body.cancel();
  }
  requireShort(Math.max(sizeBytes, announcedBytes), "GET /storage/raw");
  return Buffer.concat(parts);
}

/** @throws AppError `conflict` that names the other road */
export function requireShort(sizeBytes: number, rawRoad: string): void {
  if (sizeBytes <= textBytesMax) return;
  const limit = `${textBytesMax / 1024 ** 2} MB`;
  throw new AppError("conflict", `This mail is larger than ${limit}, too large for text: download it with ${rawRoad}.`);
}
