import { z } from "zod";
import { pageFields, pageOutput } from "../../listing.ts";
import { Instant, instantParam, listParam } from "../../rest-input.ts";

export const AlertKind = z
  .enum([
    "QUEUE_SIZE",
    "OLDEST_READY",
    "DEAD_GROWTH",
    "ROBIN_UNREACHABLE",
    "BREAKER_OPEN",
    "DATABASE_SIZE",
    "WORKER_LATE",
  ])
  .meta({
    description:
      "What the value is: items in the queue; seconds that the oldest READY item waits; DEAD items more than a window ago; seconds without an answer of Robin; ports of Robin that are left alone; bytes of the database; seconds that the worker is late.",
  });
export const AlertSeverity = z.enum(["INFO", "WARNING", "CRITICAL"]);

const exampleAlert = {
  id: "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e71",
  ruleId: "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e72",
  rule: "Robin does not answer",
  kind: "ROBIN_UNREACHABLE" as const,
  severity: "CRITICAL" as const,
  message: "Robin has not answered for 75 seconds: longer than 60.",
  threshold: 60,
  value: 135,
  worstValue: 135,
  since: "2026-08-21T10:00:00.000Z",
  firedAt: "2026-08-21T10:00:00.000Z",
};

export const Alert = z
  .object({
    id: z.string(),
    ruleId: z.string().optional().meta({ description: "Absent when the rule is gone." }),
    rule: z.string().meta({ description: "The rule's name as it was." }),
    kind: AlertKind,
    severity: AlertSeverity,
    message: z.string().meta({ description: "As it was when the alert began." }),
    threshold: z.number(),
    value: z.number().meta({ description: "The last while it fired." }),
    worstValue: z.number(),
    since: Instant.meta({ description: "The threshold was first passed then." }),
    firedAt: Instant,
    clearedAt: Instant.optional().meta({ description: "Absent while it fires." }),
  })
  .meta({ id: "Alert", examples: [exampleAlert] });
export type Alert = z.infer<typeof Alert>;

const filterFields = {
  severity: listParam(AlertSeverity.options, "Only alerts of these severities.").optional(),
  kind: listParam(AlertKind.options, "Only alerts of these kinds.").optional(),
};

export const ListAlertsInput = z.strictObject({ ...pageFields, ...filterFields });
export type ListAlertsInput = z.infer<typeof ListAlertsInput>;

export const AlertHistoryInput = z.strictObject({
  ...pageFields,
  ...filterFields,
  from: instantParam("Only what began then or later.").optional(),
  to: instantParam("Only what began before.").optional(),
});
export type AlertHistoryInput = z.infer<typeof AlertHistoryInput>;

export const ListAlertsOutput = pageOutput(Alert).meta({
  examples: [{ items: [exampleAlert], total: 1, page: 1, limit: 50, pages: 1 }],
});
export type ListAlertsOutput = z.infer<typeof ListAlertsOutput>;
