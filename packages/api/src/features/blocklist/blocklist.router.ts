import { csvMediaType } from "../../csv.ts";
import { DownloadOutput } from "../../download.ts";
import { NoInput } from "../../rest-input.ts";
import { procedure, router } from "../../trpc.ts";
import { exportEntries } from "./blocklist-export.service.ts";
import { importEntries, importFile } from "./blocklist-import.service.ts";
import { getStatus, listEntries } from "./blocklist-list.service.ts";
import {
  BlocklistEntriesInput,
  BlocklistEntry,
  BlocklistEntryInput,
  BlocklistStatus,
  ChangedBlocklistEntry,
  CreateBlocklistEntryInput,
  DeletedBlocklistEntries,
  DeletedBlocklistEntry,
  ExportBlocklistInput,
  ImportBlocklistFileInput,
  ImportBlocklistInput,
  ImportBlocklistOutput,
  ListBlocklistInput,
  ListBlocklistOutput,
  UpdateBlocklistEntryInput,
} from "./blocklist.schemas.ts";
import { createEntry, deleteEntries, deleteEntry, getEntry, updateEntry } from "./blocklist.service.ts";

const tags = ["Blocklist"];

export const blocklistRouter = router({
  list: procedure
    .meta({
      permission: "VIEW_SECURITY",
      openapi: {
        method: "GET",
        path: "/blocklist",
        tags,
        summary: "List who Robin shall take no mail from",
        description: "With `covers`: by which entries an address is blocked.",
      },
    })
    .input(ListBlocklistInput)
    .output(ListBlocklistOutput)
    .query(({ ctx, input }) => listEntries(ctx, input)),

  create: procedure
    .meta({
      permission: "MANAGE_SECURITY",
      errors: ["conflict"],
      openapi: {
        method: "POST",
        path: "/blocklist",
        tags,
        summary: "Block an address or a network",
        description:
          "Robin then closes its connections at once. Robin's own host, a large part of the Internet and the caller's own address need `confirm`. A domain is kept, but not blocked.",
      },
    })
    .input(CreateBlocklistEntryInput)
    .output(ChangedBlocklistEntry)
    .mutation(({ ctx, input }) => createEntry(ctx, input)),

  export: procedure
    .meta({
      permission: "VIEW_SECURITY",
      download: [csvMediaType, "application/json"],
      openapi: {
        method: "GET",
        path: "/blocklist/export",
        tags,
        summary: "The blocklist as a file",
        description: "Oldest first. A connection that breaks tells of a failure half-way: the file is not whole then.",
      },
    })
    .input(ExportBlocklistInput)
    .output(DownloadOutput)
    .query(({ ctx, input }) => exportEntries(ctx, input)),

  import: procedure
    .meta({
      permission: "MANAGE_SECURITY",
      openapi: {
        method: "POST",
        path: "/blocklist/import",
        tags,
        summary: "Take entries over from a list or a file",
        description:
          "What is on the list already stays as it is. Lines that are wrong are left out and named; with `allOrNothing` one of them keeps all from being taken over.",
      },
    })
    .input(ImportBlocklistInput)
    .output(ImportBlocklistOutput)
    .mutation(({ ctx, input }) => importEntries(ctx, input)),

  importFile: procedure
    .meta({
      permission: "MANAGE_SECURITY",
      upload: { path: "/blocklist/import", mediaType: "multipart/form-data", formField: "file" },
    })
    .input(ImportBlocklistFileInput)
    .output(ImportBlocklistOutput)
    .mutation(({ ctx, input }) => importFile(ctx, input)),

  status: procedure
    .meta({
      permission: "VIEW_SECURITY",
      openapi: { method: "GET", path: "/blocklist/status", tags, summary: "Whether Robin has the blocklist as it is" },
    })
    .input(NoInput)
    .output(BlocklistStatus)
    .query(({ ctx }) => getStatus(ctx)),

  deleteMany: procedure
    .meta({
      permission: "MANAGE_SECURITY",
      openapi: { method: "POST", path: "/blocklist/delete", tags, summary: "Delete many entries" },
    })
    .input(BlocklistEntriesInput)
    .output(DeletedBlocklistEntries)
    .mutation(({ ctx, input }) => deleteEntries(ctx, input)),

  get: procedure
    .meta({
      permission: "VIEW_SECURITY",
      openapi: { method: "GET", path: "/blocklist/{id}", tags, summary: "Show an entry" },
    })
    .input(BlocklistEntryInput)
    .output(BlocklistEntry)
    .query(({ ctx, input }) => getEntry(ctx, input)),

  update: procedure
    .meta({
      permission: "MANAGE_SECURITY",
      errors: ["conflict", "not_implemented"],
      openapi: {
        method: "PATCH",
        path: "/blocklist/{id}",
        tags,
        summary: "Change parts of an entry",
        description: "Such as `active`. What is left out stays.",
      },
    })
    .input(UpdateBlocklistEntryInput)
    .output(ChangedBlocklistEntry)
    .mutation(({ ctx, input }) => updateEntry(ctx, input)),

  delete: procedure
    .meta({
      permission: "MANAGE_SECURITY",
      openapi: { method: "DELETE", path: "/blocklist/{id}", tags, summary: "Delete an entry" },
    })
    .input(BlocklistEntryInput)
    .output(DeletedBlocklistEntry)
    .mutation(({ ctx, input }) => deleteEntry(ctx, input)),
});
