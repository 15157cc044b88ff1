import { z } from "zod";
import { pageFields, pageOutput } from "../../listing.ts";
import { Instant, instantParam, textParam } from "../../rest-input.ts";

const AuditOutcome = z.enum(["STARTED", "SUCCEEDED", "FAILED"]);

const exampleEvent = {
  id: "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e71",
  occurredAt: "2026-01-29T10:00:00.000Z",
  finishedAt: "2026-01-29T10:00:00.120Z",
  action: "users.disable",
  targets: ["anna@example.com"],
  outcome: "SUCCEEDED" as const,
  actorId: 1,
  actorUsername: "admin@robin.local",
  requestId: "4a0c0f0e-3f0c-4d4e-9d55-3a2b1c0d9e8f",
  ipAddress: "192.0.2.10",
};

const filterFields = {
  action: z
    .string()
    .regex(/^[a-zA-Z]{1,50}\.[a-zA-Z]{0,50}$/, "is not an action, nor a group of them with its dot")
    .meta({ description: "An action such as `users.delete`, or all of a group: `users.`" })
    .optional(),
  actor: textParam({ charsMax: 255, description: "User name of who did it, whole and in any case." }).optional(),
  outcome: AuditOutcome.meta({
    description: "STARTED: still running, or the process died in between.",
  }).optional(),
  target: textParam({
    charsMax: 1000,
    description: "What it was done to, whole: a queue uid, a user name.",
  }).optional(),
  from: instantParam("Only what began then or later.").optional(),
  to: instantParam("Only what began before.").optional(),
};

export const SearchAuditInput = z.strictObject({ ...pageFields, ...filterFields });
export type SearchAuditInput = z.infer<typeof SearchAuditInput>;

export const ExportAuditInput = z.strictObject({
  ...filterFields,
  format: z.enum(["csv", "json"]).default("csv").meta({ description: "A table, or an array of the search's items." }),
});
export type ExportAuditInput = z.infer<typeof ExportAuditInput>;

export type AuditFilter = Pick<SearchAuditInput, keyof typeof filterFields>;

export const AuditEvent = z
  .object({
    id: z.string(),
    occurredAt: Instant,
    finishedAt: Instant.optional(),
    action: z.string(),
    targets: z.array(z.string()),
    outcome: AuditOutcome,
    errorCode: z.string().optional().meta({ description: "Code of the error when the outcome is FAILED." }),
    actorId: z.int().optional().meta({ description: "Absent when nobody was signed in, or the account is gone." }),
    actorUsername: z.string().optional(),
    apiKeyId: z.string().optional().meta({ description: "Set when an API key of the actor did it." }),
    apiKeyName: z.string().optional(),
    requestId: z.string(),
    ipAddress: z.string(),
  })
  .meta({ id: "AuditEvent", examples: [exampleEvent] });
export type AuditEvent = z.infer<typeof AuditEvent>;

export const SearchAuditOutput = pageOutput(AuditEvent).meta({
  examples: [{ items: [exampleEvent], total: 1, page: 1, limit: 50, pages: 1 }],
});
export type SearchAuditOutput = z.infer<typeof SearchAuditOutput>;
