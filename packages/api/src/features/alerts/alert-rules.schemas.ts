import { QueueState } from "@robin/sdk";
import { z } from "zod";
import { boolParam, Instant, intParam, listParam, NoInput, textParam } from "../../rest-input.ts";
import { AlertKind, AlertSeverity } from "./alerts.schemas.ts";

const daySeconds = 24 * 60 * 60;

const exampleRule = {
  id: "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e72",
  name: "Many messages wait",
  kind: "QUEUE_SIZE" as const,
  states: ["READY" as const, "CLAIMED" as const],
  threshold: 10_000,
  forSeconds: 300,
  clearSeconds: 300,
  severity: "WARNING" as const,
  enabled: true,
  firing: false,
  lastValue: 120,
  evaluatedAt: "2026-08-21T10:00:00.000Z",
};

export const AlertRule = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: AlertKind,
    states: z.array(QueueState).optional(),
    windowSeconds: z.int().optional(),
    threshold: z.number(),
    forSeconds: z.int(),
    clearSeconds: z.int(),
    severity: AlertSeverity,
    enabled: z.boolean(),
    firing: z.boolean(),
    lastValue: z.number().optional().meta({ description: "Absent while nobody knows." }),
    evaluatedAt: Instant.optional(),
    updatedBy: z.string().optional().meta({ description: "Absent of a rule that the gateway came with." }),
  })
  .meta({ id: "AlertRule", examples: [exampleRule] });
export type AlertRule = z.infer<typeof AlertRule>;

const fields = {
  name: textParam({ charsMax: 100, description: "For people; no two rules have the same." }).pipe(
    z.string().min(1, "is empty"),
  ),
  states: listParam(QueueState.options, "Of QUEUE_SIZE: only items in these states; all by default."),
  windowSeconds: intParam({ min: 60, max: 7 * daySeconds, description: "Of DEAD_GROWTH: over how long." }),
  threshold: intParam({
    min: 0,
    max: 100_000_000_000_000,
    description: "The alert is about values above it: items, seconds or bytes, as the kind says.",
  }),
  forSeconds: intParam({ min: 0, max: daySeconds, description: "How long the value has to be above." }),
  clearSeconds: intParam({ min: 0, max: daySeconds, description: "How long it has to be back before the alert ends." }),
  severity: AlertSeverity,
  enabled: boolParam("Whether it is looked at."),
};

export const CreateAlertRuleInput = z
  .strictObject({
    name: fields.name,
    kind: AlertKind,
    states: fields.states.optional(),
    windowSeconds: fields.windowSeconds.optional(),
    threshold: fields.threshold,
    forSeconds: fields.forSeconds.default(60),
    clearSeconds: fields.clearSeconds.default(60),
    severity: fields.severity.default("WARNING"),
    enabled: fields.enabled.default(true),
  })
  .refine(({ kind, states }) => states === undefined || kind === "QUEUE_SIZE", {
    path: ["states"],
    message: "goes with QUEUE_SIZE only",
  })
  .refine(({ kind, windowSeconds }) => (windowSeconds === undefined) === (kind !== "DEAD_GROWTH"), {
    path: ["windowSeconds"],
    message: "goes with DEAD_GROWTH, which needs it, and no other kind",
  })
  .meta({ examples: [{ name: "Many messages wait", kind: "QUEUE_SIZE", states: "READY,CLAIMED", threshold: 10_000 }] });
export type CreateAlertRuleInput = z.infer<typeof CreateAlertRuleInput>;

export const AlertRuleInput = z.strictObject({ id: z.uuid().meta({ description: "The rule's id." }) });
export type AlertRuleInput = z.infer<typeof AlertRuleInput>;

export const UpdateAlertRuleInput = AlertRuleInput.extend({
  name: fields.name.optional(),
  threshold: fields.threshold.optional(),
  forSeconds: fields.forSeconds.optional(),
  clearSeconds: fields.clearSeconds.optional(),
  severity: fields.severity.optional(),
  enabled: fields.enabled.optional(),
}).meta({ examples: [{ id: exampleRule.id, enabled: false }] });
export type UpdateAlertRuleInput = z.infer<typeof UpdateAlertRuleInput>;

export const ListAlertRulesInput = NoInput;
export const ListAlertRulesOutput = z
  .object({ items: z.array(AlertRule) })
  .meta({ examples: [{ items: [exampleRule] }] });
export type ListAlertRulesOutput = z.infer<typeof ListAlertRulesOutput>;

export const DeletedAlertRule = z.object({ success: z.literal(true) }).meta({ examples: [{ success: true }] });
export type DeletedAlertRule = z.infer<typeof DeletedAlertRule>;
