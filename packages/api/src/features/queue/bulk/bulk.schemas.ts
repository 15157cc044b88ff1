import { z } from "zod";
import { pageFields, pageOutput } from "../../../listing.ts";
import { boolParam, Instant, listParam } from "../../../rest-input.ts";
import { QueueFilter } from "./filter.schemas.ts";
import { QueueState } from "@robin/sdk";

export const sampleMax = 20;
/** Items of a run that are kept by name after they did not work. */
export const problemsMax = 1000;

const Count = z.int().min(0);
const exampleId = "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e71";

export const BulkAction = z.enum(["retry", "bounce", "delete"]);
const BulkStatus = z.enum(["queued", "running", "cancelling", "cancelled", "done", "failed"]);

export const BulkInput = z
  .strictObject({
    action: BulkAction,
    filter: QueueFilter.default({}),
    all: boolParam("Has to be true for a filter that every item fits.").default(false),
    dryRun: boolParam("Only tell what would be done.").default(false),
  })
  .meta({ examples: [{ action: "delete", filter: { domain: "example.com", states: "DEAD" }, dryRun: true }] });
export type BulkInput = z.infer<typeof BulkInput>;

/** A filter as it was ordered; instants are ISO 8601 texts. */
export const StoredFilter = z
  .record(z.string(), z.union([z.string(), z.number(), z.array(z.string())]))
  .meta({ description: "As it was given; instants as ISO 8601 text." });
export type StoredFilter = z.infer<typeof StoredFilter>;

const exampleRun = {
  id: exampleId,
  action: "delete" as const,
  filter: { domain: "example.com", states: ["DEAD"] },
  status: "running" as const,
  total: 1200,
  done: 300,
  missing: 2,
  failed: 0,
  remaining: 898,
  requestedBy: "admin@robin.local",
  createdAt: "2026-08-21T10:00:00.000Z",
  startedAt: "2026-08-21T10:00:01.000Z",
};

export const BulkRun = z
  .object({
    id: z.string(),
    action: BulkAction,
    filter: StoredFilter,
    status: BulkStatus.meta({
      description: "`failed` when Robin would not do it; single items that failed are counted.",
    }),
    total: Count.meta({ description: "Items that fitted when it was ordered; later ones are not touched." }),
    done: Count,
    missing: Count.meta({ description: "Items that had left the queue before their turn." }),
    failed: Count,
    remaining: Count.meta({ description: "Items still ahead, or left alone by a run that has ended." }),
    requestedBy: z.string(),
    ruleId: z.string().optional().meta({ description: "The standing rule that ordered it." }),
    createdAt: Instant,
    startedAt: Instant.optional(),
    finishedAt: Instant.optional(),
    problem: z.string().optional().meta({ description: "What it waits for, or why it failed." }),
  })
  .meta({ id: "BulkRun", examples: [exampleRun] });
export type BulkRun = z.infer<typeof BulkRun>;

const BulkSample = z.object({
  uid: z.string(),
  state: QueueState,
  sender: z.string().optional(),
  recipients: z.array(z.string()),
  retryCount: Count,
  firstSeenAt: Instant,
  lastError: z.string().optional(),
});

export const BulkOutput = z
  .object({
    dryRun: z.boolean(),
    matches: Count,
    totals: z.object({ ready: Count, claimed: Count, dead: Count }).meta({ description: "The matches by state." }),
    sample: z.array(BulkSample).meta({ description: `The oldest ${sampleMax} of them; only of a dry run.` }),
    seenAt: Instant.meta({ description: "How new the worker's view of the queue is." }),
    run: BulkRun.optional().meta({ description: "What was ordered; absent for a dry run." }),
  })
  .meta({
    id: "BulkResult",
    examples: [
      {
        dryRun: false,
        matches: 1200,
        totals: { ready: 0, claimed: 0, dead: 1200 },
        sample: [],
        seenAt: "2026-08-21T10:00:00.000Z",
        run: { ...exampleRun, status: "queued" as const, done: 0, missing: 0, remaining: 1200 },
      },
    ],
  });
export type BulkOutput = z.infer<typeof BulkOutput>;

export const BulkRunInput = z.strictObject({ id: z.uuid().meta({ description: "The run's id." }) });
export type BulkRunInput = z.infer<typeof BulkRunInput>;

export const BulkRunDetail = BulkRun.extend({
  problems: z
    .array(z.object({ uid: z.string(), outcome: z.enum(["missing", "failed"]), reason: z.string() }))
    .meta({ description: `Items that did not work, by name as far as they are known: at most ${problemsMax}.` }),
}).meta({ id: "BulkRunDetail", examples: [{ ...exampleRun, problems: [] }] });
export type BulkRunDetail = z.infer<typeof BulkRunDetail>;

export const ListBulkInput = z.strictObject({
  ...pageFields,
  status: listParam(BulkStatus.options, "Only runs like this.").optional(),
});
export type ListBulkInput = z.infer<typeof ListBulkInput>;

export const ListBulkOutput = pageOutput(BulkRun).meta({
  examples: [{ items: [exampleRun], total: 1, page: 1, limit: 50, pages: 1 }],
});
export type ListBulkOutput = z.infer<typeof ListBulkOutput>;
