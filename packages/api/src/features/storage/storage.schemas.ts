import { DirectoryPath, FolderPath, MailPath, StoreName } from "@robin/sdk";
import { z } from "zod";
import { orderField, pageOutput } from "../../listing.ts";
import { intParam, textParam } from "../../rest-input.ts";

const Bytes = z.int().min(0).meta({ description: "Bytes." });

/** The UI knows no pages, so that one has to hold what people look at. */
const listedMax = 10_000;
const exampleName = "20260821.5a2ce6a0-7d0d-4a3c-9d2f-6a9c1d1e8f10.eml";
const examplePath = `/example.com/tony/new/${exampleName}`;

const AbsolutePath = z.string().meta({ description: "From the root of the store, with a slash before it." });

export const StorageItem = z
  .object({
    path: AbsolutePath,
    name: z.string(),
    type: z.enum(["file", "directory"]).meta({ description: "Files are mails; Robin shows no others." }),
    size: z.int().min(0).meta({ description: "Bytes; 0 for a directory." }),
    modified: z.int().min(0).meta({
      description:
        "Milliseconds since 1970: the beginning of the day, in UTC, that the file's name begins with. 0 when it names none, and for a directory: Robin does not tell.",
    }),
  })
  .meta({ id: "StorageItem" });
export type StorageItem = z.infer<typeof StorageItem>;

export const ListStorageInput = z.strictObject({
  path: DirectoryPath.default("").meta({
    description: "A directory as on disk; folders have a dot before their names. The root by default.",
    examples: ["/example.com/tony/.Projects/new"],
  }),
  page: intParam({ min: 1, max: 1_000_000, description: "Page number, from 1.", fallback: 1 }).default(1),
  limit: intParam({ min: 1, max: listedMax, description: "Items on a page.", fallback: listedMax }).default(listedMax),
  sort: z.enum(["name", "size", "modified"]).default("name").meta({ description: "Directories come first anyway." }),
  order: orderField,
  type: z.enum(["file", "directory"]).optional(),
  search: textParam({ charsMax: 255, description: "Text within the name, in any case." }).optional(),
});
export type ListStorageInput = z.infer<typeof ListStorageInput>;

export const ListStorageOutput = z
  .object({
    path: AbsolutePath,
    ...pageOutput(StorageItem).shape,
    breadcrumbs: z
      .array(z.object({ name: z.string(), path: AbsolutePath }))
      .meta({ description: "The way here from the root." }),
  })
  .meta({
    examples: [
      {
        path: "/example.com/tony/new",
        items: [{ path: examplePath, name: exampleName, type: "file", size: 1234, modified: 1787270400000 }],
        breadcrumbs: [
          { name: "Root", path: "/" },
          { name: "example.com", path: "/example.com" },
          { name: "tony", path: "/example.com/tony" },
          { name: "new", path: "/example.com/tony/new" },
        ],
        total: 1,
        page: 1,
        limit: listedMax,
        pages: 1,
      },
    ],
  });
export type ListStorageOutput = z.infer<typeof ListStorageOutput>;

export const StorageFileInput = z.strictObject({
  path: MailPath.meta({ description: "A mail, as the listing has it.", examples: [examplePath] }),
});
export type StorageFileInput = z.infer<typeof StorageFileInput>;

export const StorageFileOutput = z
  .object({
    path: AbsolutePath,
    content: z.string().meta({ description: "The whole mail as text, its MIME parts untouched." }),
    charset: z.string().meta({
      description: "What the bytes were read as: utf-8 where they are, else what the mail claims, else windows-1252.",
    }),
    mimeType: z.literal("message/rfc822"),
    size: Bytes,
  })
  .meta({
    examples: [
      {
        path: examplePath,
        content: "Subject: Lunch\r\n\r\nAt noon?\r\n",
        charset: "utf-8",
        mimeType: "message/rfc822",
        size: 28,
      },
    ],
  });
export type StorageFileOutput = z.infer<typeof StorageFileOutput>;

/** Whose mail it is: the two halves of an address. */
export const accountFields = {
  domain: StoreName.meta({ description: "Domain of the address.", examples: ["example.com"] }),
  user: StoreName.meta({ description: "What stands before the @.", examples: ["tony"] }),
};

/** Never empty: a variable that was forgotten must not stand for the inbox. */
export const Folder = z
  .string()
  .min(1)
  .pipe(FolderPath)
  .meta({
    description: "As people see it, without the dots of the disk. The inbox is `inbox`.",
    examples: ["Projects/2026"],
  });

export const FolderPropertiesInput = z.strictObject({ ...accountFields, folder: Folder });
export type FolderPropertiesInput = z.infer<typeof FolderPropertiesInput>;

export const FolderPropertiesOutput = z
  .object({
    size: Bytes.meta({ description: "Bytes of its mails, without those in folders below it." }),
    total: z.int().min(0),
    unread: z.int().min(0),
  })
  .meta({ examples: [{ size: 2048, total: 5, unread: 3 }] });
export type FolderPropertiesOutput = z.infer<typeof FolderPropertiesOutput>;
