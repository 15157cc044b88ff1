import { ChangeableFolderPath, FolderName, ParentPath } from "@robin/sdk";
import { z } from "zod";
import { accountFields } from "./storage.schemas.ts";

const exampleFolder = "Projects/2026";

const Name = FolderName.meta({ description: "One name, without a slash." });
const Parent = ParentPath.default("").meta({
  description: "The folder that it shall be in, which must be there; the top level by default.",
  examples: ["Archive"],
});
const changedFolder = {
  ...accountFields,
  folder: ChangeableFolderPath.meta({ description: "As people see it, not the inbox.", examples: [exampleFolder] }),
};

export const CreateFolderInput = z
  .strictObject({ ...accountFields, name: Name, parent: Parent })
  .meta({ examples: [{ name: "2026", parent: "Projects" }] });
export type CreateFolderInput = z.infer<typeof CreateFolderInput>;

export const ChangeFolderInput = z.strictObject(changedFolder);
export type ChangeFolderInput = z.infer<typeof ChangeFolderInput>;

export const RenameFolderInput = z
  .strictObject({ ...changedFolder, name: Name })
  .meta({ examples: [{ folder: exampleFolder, name: "2025" }] });
export type RenameFolderInput = z.infer<typeof RenameFolderInput>;

export const MoveFolderInput = z
  .strictObject({ ...changedFolder, destinationParent: Parent })
  .meta({ examples: [{ folder: exampleFolder, destinationParent: "Archive" }] });
export type MoveFolderInput = z.infer<typeof MoveFolderInput>;

export const CopyFolderInput = z
  .strictObject({
    ...changedFolder,
    destinationParent: Parent,
    newName: Name.optional().meta({ description: "The folder's own name by default." }),
  })
  .meta({ examples: [{ folder: exampleFolder, destinationParent: "Archive", newName: "2025" }] });
export type CopyFolderInput = z.infer<typeof CopyFolderInput>;

export const FolderOutput = z
  .object({
    success: z.literal(true),
    folder: z.string().meta({ description: "What the folder is called now; when it was deleted, what it was." }),
  })
  .meta({ id: "FolderResult", examples: [{ success: true, folder: "Archive/2025" }] });
export type FolderOutput = z.infer<typeof FolderOutput>;
