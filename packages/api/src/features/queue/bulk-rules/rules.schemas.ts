import { z } from "zod";
import { boolParam, Instant, intParam, NoInput, textParam } from "../../../rest-input.ts";
import { BulkAction, BulkRun, StoredFilter } from "../bulk/bulk.schemas.ts";
import { fitsAll, QueueFilter } from "../bulk/filter.schemas.ts";

const exampleRule = {
  id: "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e75",
  name: "Dead for a week",
  action: "delete" as const,
  filter: { states: ["DEAD"], inStateSeconds: 604_800 },
  intervalSeconds: 3600,
  enabled: false,
  updatedBy: "admin@robin.local",
  updatedAt: "2026-08-21T10:00:00.000Z",
};

export const QueueRule = z
  .object({
    id: z.string(),
    name: z.string(),
    action: BulkAction,
    filter: StoredFilter,
    intervalSeconds: z.int(),
    enabled: z.boolean(),
    updatedBy: z.string().meta({ description: "Who answers for it: it runs as long as this user may do the same." }),
    updatedAt: Instant,
    lastRunAt: Instant.optional(),
    lastMatches: z.int().min(0).optional().meta({ description: "Items that it found then." }),
    lastProblem: z.string().optional().meta({ description: "Why it did nothing then." }),
    lastRun: BulkRun.optional().meta({ description: "What it last ordered; it orders nothing when nothing fits." }),
  })
  .meta({ id: "QueueRule", examples: [exampleRule] });
export type QueueRule = z.infer<typeof QueueRule>;

const fields = {
  name: textParam({ charsMax: 100, description: "For people; no two rules have the same." }).pipe(
    z.string().min(1, "is empty"),
  ),
  filter: QueueFilter.refine((filter) => !fitsAll(filter), "fits every item").meta({
    description: "As of a bulk run, but it may not fit every item.",
    examples: [exampleRule.filter],
  }),
  intervalSeconds: intParam({ min: 60, max: 7 * 24 * 60 * 60, description: "How long it rests after it has looked." }),
  enabled: boolParam("Whether it acts."),
};

export const CreateQueueRuleInput = z
  .strictObject({
    name: fields.name,
    action: BulkAction,
    filter: fields.filter,
    intervalSeconds: fields.intervalSeconds.default(3600),
    enabled: fields.enabled.default(false),
  })
  .meta({
    examples: [{ name: "Dead for a week", action: "delete", filter: { states: "DEAD", inStateSeconds: 604_800 } }],
  });
export type CreateQueueRuleInput = z.infer<typeof CreateQueueRuleInput>;

export const QueueRuleInput = z.strictObject({ id: z.uuid().meta({ description: "The rule's id." }) });
export type QueueRuleInput = z.infer<typeof QueueRuleInput>;

export const UpdateQueueRuleInput = QueueRuleInput.extend({
  name: fields.name.optional(),
  filter: fields.filter.optional(),
  intervalSeconds: fields.intervalSeconds.optional(),
  enabled: fields.enabled.optional(),
}).meta({ examples: [{ id: exampleRule.id, enabled: true }] });
export type UpdateQueueRuleInput = z.infer<typeof UpdateQueueRuleInput>;

export const ListQueueRulesInput = NoInput;
export const ListQueueRulesOutput = z
  .object({ items: z.array(QueueRule) })
  .meta({ examples: [{ items: [exampleRule] }] });
export type ListQueueRulesOutput = z.infer<typeof ListQueueRulesOutput>;

export const DeletedQueueRule = z.object({ success: z.literal(true) }).meta({ examples: [{ success: true }] });
export type DeletedQueueRule = z.infer<typeof DeletedQueueRule>;
