import { robinProcedure } from "../../trpc.ts";
import {
  ChangeFolderInput,
  CopyFolderInput,
  CreateFolderInput,
  FolderOutput,
  MoveFolderInput,
  RenameFolderInput,
} from "./folders.schemas.ts";
import { copyFolder, createFolder, deleteFolder, moveFolder, renameFolder } from "./folders.service.ts";
import { type MailStore, conflictErrors } from "./robin-store.ts";

/** Changes to folders, the same in both of Robin's stores. A folder may hold slashes, so none is a part of a path. */
export function folderProcedures(store: MailStore, tags: string[]) {
  const path = `/${store}/{domain}/{user}/folders` as const;
  const changes = robinProcedure.meta({ permission: "MANAGE_STORAGE", errors: conflictErrors });

  return {
    createFolder: changes
      .meta({ openapi: { method: "POST", path, tags, summary: "Make a folder" } })
      .input(CreateFolderInput)
      .output(FolderOutput)
      .mutation(({ ctx, input }) => createFolder(ctx, store, input)),

    renameFolder: changes
      .meta({ openapi: { method: "PATCH", path, tags, summary: "Rename a folder" } })
      .input(RenameFolderInput)
      .output(FolderOutput)
      .mutation(({ ctx, input }) => renameFolder(ctx, store, input)),

    deleteFolder: changes
      .meta({
        openapi: {
          method: "DELETE",
          path,
          tags,
          summary: "Delete a folder",
          description: "With the folders below it; 409 while there is mail in any of them.",
        },
      })
      .input(ChangeFolderInput)
      .output(FolderOutput)
      .mutation(({ ctx, input }) => deleteFolder(ctx, store, input)),

    copyFolder: changes
      .meta({
        openapi: {
          method: "POST",
          path: `${path}/copy`,
          tags,
          summary: "Copy a folder",
          description: "With all its mails and the folders below it.",
        },
      })
      .input(CopyFolderInput)
      .output(FolderOutput)
      .mutation(({ ctx, input }) => copyFolder(ctx, store, input)),

    moveFolder: changes
      .meta({
        openapi: {
          method: "POST",
          path: `${path}/move`,
          tags,
          summary: "Move a folder",
          description: "With all its mails and the folders below it.",
        },
      })
      .input(MoveFolderInput)
      .output(FolderOutput)
      .mutation(({ ctx, input }) => moveFolder(ctx, store, input)),
  };
}
