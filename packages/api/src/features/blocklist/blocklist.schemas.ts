import { z } from "zod";
import { orderField } from "../../listing.ts";
import { boolParam, documentedAs, Instant, instantParam, intParam, textParam } from "../../rest-input.ts";
import { Bytes } from "../mail/bytes-param.ts";
import { type BlockTarget, readTarget } from "./block-target.ts";

const idsMax = 1000;
const pageSizeMax = 200;
const valueCharsMax = 300;

const exampleId = "018f3f3e-7b5e-7c3a-9b1a-1234567890ab";
const exampleEntry = {
  id: exampleId,
  type: "CIDR" as const,
  value: "192.0.2.0/24",
  reason: "abuse",
  createdAt: "2026-08-21T10:00:00.000Z",
  createdBy: "admin@robin.local",
  active: true,
};

const Count = z.int().min(0);
const BlocklistType = z.enum(["IP", "CIDR", "DOMAIN"]);

export const BlocklistEntry = z
  .object({
    id: z.string(),
    type: BlocklistType,
    value: z
      .string()
      .meta({ description: "In canonical form: `192.0.2.1`, `2001:db8::/32`, `xn--mnchen-3ya.example`." }),
    reason: z.string(),
    createdAt: Instant,
    createdBy: z.string(),
    expiresAt: Instant.optional().meta({ description: "Robin blocks it until then; absent for ever." }),
    active: z.boolean().meta({ description: "False while it is only kept. A domain never is: Robin cannot block it." }),
  })
  .meta({ id: "BlocklistEntry", examples: [exampleEntry] });
export type BlocklistEntry = z.infer<typeof BlocklistEntry>;

const toldFields = {
  projected: z.boolean().meta({ description: "Robin's file has the whole list, and Robin has read it." }),
  notices: z.array(z.string()).meta({ description: "What else there is to know, in sentences." }),
};

export const ChangedBlocklistEntry = BlocklistEntry.extend(toldFields).meta({
  id: "ChangedBlocklistEntry",
  examples: [{ ...exampleEntry, projected: true, notices: [] }],
});
export type ChangedBlocklistEntry = z.infer<typeof ChangedBlocklistEntry>;

/** In any case, as REST callers write it. */
const TypeParam = z
  .string()
  .transform((word) => word.trim().toUpperCase())
  .pipe(BlocklistType)
  .meta({
    description: "IP, CIDR or DOMAIN.",
    override: documentedAs({ type: "string", enum: BlocklistType.options }),
  });

const Target = z
  .string()
  .max(valueCharsMax)
  .trim()
  .transform((text, ctx): BlockTarget => {
    const read = readTarget(text);
    if (!("problem" in read)) return read;
    ctx.addIssue(read.problem);
    return z.NEVER;
  });

const Reason = textParam({ charsMax: 500, description: "For people." }).pipe(z.string().min(1, "is empty"));
const EntryTarget = Target.meta({
  description: "An address or a network of IPv4 or IPv6, or a domain, which is kept but which Robin cannot block.",
});
const ExpiresAt = instantParam("")
  .nullable()
  .meta({
    description: "When it ends; null, or left out, for never.",
    override: documentedAs({ type: "string", format: "date-time" }),
  });
const Active = boolParam("Whether Robin shall block it.");
const Confirm = boolParam(
  "Block it although it is Robin's own host, a large part of the Internet or the caller's address.",
);

/** A type that was given has to be that of the value. */
function fitsType({ type, value }: { type?: string | undefined; value?: BlockTarget | undefined }): boolean {
  return type === undefined || value === undefined || type === value.writtenAs;
}
const misfit = { path: ["type"], message: "is not the type of the value" };

export const CreateBlocklistEntryInput = z
  .strictObject({
    type: TypeParam.optional().meta({ description: "Follows from the value." }),
    value: EntryTarget,
    reason: Reason,
    expiresAt: ExpiresAt.default(null),
    active: Active.default(true),
    confirm: Confirm.default(false),
  })
  .refine(fitsType, misfit)
  .meta({ examples: [{ type: "CIDR", value: "192.0.2.0/24", reason: "abuse", expiresAt: null, active: true }] });
export type CreateBlocklistEntryInput = z.infer<typeof CreateBlocklistEntryInput>;

/** A line of an imported file. Fields of an export that an import sets anew are passed over. */
export const ImportedEntry = z
  .object({
    type: TypeParam.optional(),
    value: Target,
    reason: Reason.default("imported"),
    expiresAt: ExpiresAt.default(null),
    active: Active.default(true),
  })
  .refine(fitsType, misfit);
export type ImportedEntry = z.infer<typeof ImportedEntry>;

export const BlocklistIdParam = z.uuid().meta({ description: "The entry's id as the list gives it." });

export const BlocklistEntryInput = z.strictObject({ id: BlocklistIdParam });
export type BlocklistEntryInput = z.infer<typeof BlocklistEntryInput>;

export const UpdateBlocklistEntryInput = z
  .strictObject({
    id: BlocklistIdParam,
    type: TypeParam.optional(),
    value: EntryTarget.optional(),
    reason: Reason.optional(),
    expiresAt: ExpiresAt.optional(),
    active: Active.optional(),
    confirm: Confirm.default(false),
  })
  .refine(fitsType, misfit)
  .meta({ examples: [{ active: false }] });
export type UpdateBlocklistEntryInput = z.infer<typeof UpdateBlocklistEntryInput>;

const filterFields = {
  type: TypeParam.optional(),
  active: boolParam("Only those that are, or are not, switched on.").optional(),
  search: textParam({ charsMax: 253, description: "Text within the value or the reason." }).optional(),
};

export const ListBlocklistInput = z.strictObject({
  page: intParam({ min: 0, max: 1_000_000, description: "Page number, from 0.", fallback: 0 }).default(0),
  limit: intParam({ min: 1, max: pageSizeMax, description: "Items on a page.", fallback: 25 }).default(25),
  ...filterFields,
  covers: Target.refine(({ network }) => network !== null, "is neither an address nor a network")
    .meta({ description: "Only the entries that this address or network lies in." })
    .optional(),
  sort: z.enum(["createdAt", "value", "expiresAt"]).default("createdAt").meta({
    description: "By value: addresses and networks by number, then domains.",
  }),
  order: orderField.unwrap().default("desc"),
});
export type ListBlocklistInput = z.infer<typeof ListBlocklistInput>;

export type BlocklistFilter = Pick<ListBlocklistInput, keyof typeof filterFields>;

export const ListBlocklistOutput = z
  .object({
    items: z.array(BlocklistEntry),
    totalCount: Count.meta({ description: "Matching entries on all pages." }),
    page: Count,
    limit: Count,
  })
  .meta({ examples: [{ items: [exampleEntry], totalCount: 1, page: 0, limit: 25 }] });
export type ListBlocklistOutput = z.infer<typeof ListBlocklistOutput>;

export const DeletedBlocklistEntry = z
  .object({ success: z.literal(true), ...toldFields })
  .meta({ examples: [{ success: true, projected: true, notices: [] }] });
export type DeletedBlocklistEntry = z.infer<typeof DeletedBlocklistEntry>;

export const BlocklistEntriesInput = z
  .strictObject({ ids: z.array(BlocklistIdParam).min(1).max(idsMax) })
  .meta({ examples: [{ ids: [exampleId] }] });
export type BlocklistEntriesInput = z.infer<typeof BlocklistEntriesInput>;

export const DeletedBlocklistEntries = z
  .object({
    requested: Count.meta({ description: "Distinct ids in the request." }),
    done: Count.meta({ description: "Entries that were there and are deleted." }),
    missing: Count,
    ...toldFields,
  })
  .meta({ examples: [{ requested: 3, done: 2, missing: 1, projected: true, notices: [] }] });
export type DeletedBlocklistEntries = z.infer<typeof DeletedBlocklistEntries>;

const importFields = {
  dryRun: boolParam("Only say what would happen.").default(false),
  allOrNothing: boolParam("Take nothing over when a line is wrong.").default(false),
  confirm: Confirm.default(false),
};

export const ImportBlocklistInput = z
  .strictObject({
    entries: z
      .array(z.unknown())
      .optional()
      .meta({
        description: "Entries as for `POST /blocklist`; only `value` is needed.",
        override: { type: "array", items: { type: "object" } },
      }),
    csv: z.string().optional().meta({
      description:
        "Instead of `entries`: CSV whose first line names its columns, among `type,value,reason,expiresAt,active`.",
    }),
    ...importFields,
  })
  .refine(({ entries, csv }) => (entries === undefined) !== (csv === undefined), {
    path: ["entries"],
    message: "or csv is needed, and not both",
  })
  .meta({ examples: [{ entries: [{ value: "192.0.2.0/24", reason: "abuse" }] }] });
export type ImportBlocklistInput = z.infer<typeof ImportBlocklistInput>;

export const ImportBlocklistFileInput = z.strictObject({
  file: Bytes.meta({
    description:
      "What the export gives: CSV whose first line names its columns, or JSON with a list of entries. Only `value` is needed.",
  }),
  ...importFields,
});
export type ImportBlocklistFileInput = z.infer<typeof ImportBlocklistFileInput>;

export const ImportBlocklistOutput = z
  .object({
    imported: Count.meta({ description: "Entries that are new on the list; in a dry run, that would be." }),
    failed: Count.meta({ description: "Lines that are wrong, and left out." }),
    duplicates: Count.meta({
      description: "Lines left out because their entries are on the list, or in the file, already.",
    }),
    errors: z.array(z.string()).meta({ description: "What is wrong in which line, at most 100 of them." }),
    ...toldFields,
  })
  .meta({
    examples: [
      {
        imported: 2,
        failed: 1,
        duplicates: 0,
        errors: ["Line 3: value is neither an address, a network nor a domain."],
        projected: true,
        notices: [],
      },
    ],
  });
export type ImportBlocklistOutput = z.infer<typeof ImportBlocklistOutput>;

export const ExportBlocklistInput = z.strictObject({
  ...filterFields,
  format: z.enum(["csv", "json"]).default("csv").meta({ description: "A table, or a list of entries." }),
});
export type ExportBlocklistInput = z.infer<typeof ExportBlocklistInput>;

export const BlocklistStatus = z
  .object({
    configured: z.boolean().meta({ description: "The gateway has the folder of Robin's configuration." }),
    inForce: Count.meta({ description: "Entries that Robin shall block now." }),
    enabled: z
      .boolean()
      .optional()
      .meta({ description: "Whether blocking is on in Robin's file; absent without one." }),
    handWritten: Count.meta({ description: "Entries in Robin's file that are not of this list." }),
    projectedAt: Instant.optional().meta({ description: "The moment whose list Robin's file has." }),
    problem: z.string().optional().meta({ description: "Why Robin may not block what it should." }),
  })
  .meta({
    examples: [
      { configured: true, inForce: 12, enabled: true, handWritten: 1, projectedAt: "2026-08-21T10:00:00.000Z" },
    ],
  });
export type BlocklistStatus = z.infer<typeof BlocklistStatus>;
