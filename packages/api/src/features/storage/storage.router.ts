import { DownloadOutput } from "../../download.ts";
import { robinProcedure, router } from "../../trpc.ts";
import { draftProcedures } from "./drafts.procedures.ts";
import { folderProcedures } from "./folders.procedures.ts";
import { messageProcedures } from "./messages.procedures.ts";
import { conflictErrors, storageErrors } from "./robin-store.ts";
import {
  FolderPropertiesInput,
  FolderPropertiesOutput,
  ListStorageInput,
  ListStorageOutput,
  StorageFileInput,
  StorageFileOutput,
} from "./storage.schemas.ts";
import { downloadStorageFile, listStorage, readStorageFile, storageFolderProperties } from "./storage.service.ts";

const tags = ["Storage"];
const reads = robinProcedure.meta({ permission: "VIEW_STORAGE", errors: storageErrors });

export const storageRouter = router({
  list: reads
    .meta({
      openapi: {
        method: "GET",
        path: "/storage",
        tags,
        summary: "List a directory of the mail store",
        description:
          "Directories lead to domains, accounts and their folders; `new` holds the unread mails of a folder and `cur` the others. Robin's own working folders, `queue` and `tmp`, show beside the domains.",
      },
    })
    .input(ListStorageInput)
    .output(ListStorageOutput)
    .query(({ ctx, input }) => listStorage(ctx, input)),

  file: reads
    .meta({
      errors: conflictErrors,
      openapi: {
        method: "GET",
        path: "/storage/file",
        tags,
        summary: "Show a mail as text",
        description: "409 for one of more than 4 MB: download it.",
      },
    })
    .input(StorageFileInput)
    .output(StorageFileOutput)
    .query(({ ctx, input }) => readStorageFile(ctx, input)),

  raw: reads
    .meta({
      download: ["message/rfc822"],
      openapi: {
        method: "GET",
        path: "/storage/raw",
        tags,
        summary: "Download a mail",
      },
    })
    .input(StorageFileInput)
    .output(DownloadOutput)
    .query(({ ctx, input }) => downloadStorageFile(ctx, input)),

  folderProperties: reads
    .meta({
      openapi: {
        method: "GET",
        path: "/storage/{domain}/{user}/folders/properties",
        tags,
        summary: "Count the mails of a folder",
      },
    })
    .input(FolderPropertiesInput)
    .output(FolderPropertiesOutput)
    .query(({ ctx, input }) => storageFolderProperties(ctx, input)),

  ...folderProcedures("storage", tags),
  ...messageProcedures("storage", tags),
  ...draftProcedures,
});
