import { z } from "zod";
import { Instant } from "../../rest-input.ts";

const SectionName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,49}$/i, "is not the name of a section")
  .meta({ description: "As `config.list` gives it.", examples: ["storage"] });

export const ListConfigOutput = z
  .object({ sections: z.array(z.object({ name: z.string(), title: z.string() })) })
  .meta({ examples: [{ sections: [{ name: "storage", title: "Storage" }] }] });
export type ListConfigOutput = z.infer<typeof ListConfigOutput>;

export const GetConfigInput = z.strictObject({ section: SectionName });
export type GetConfigInput = z.infer<typeof GetConfigInput>;

export const GetConfigOutput = z
  .object({
    name: z.string(),
    title: z.string(),
    values: z
      .record(z.string(), z.unknown())
      .meta({ description: "What Robin has in force. Secrets read ********.", override: { type: "object" } }),
  })
  .meta({ examples: [{ name: "storage", title: "Storage", values: { enabled: true, path: "/var/mail" } }] });
export type GetConfigOutput = z.infer<typeof GetConfigOutput>;

export const ReloadConfigOutput = z
  .object({
    reloaded: z
      .boolean()
      .meta({ description: "False when Robin's properties switch reloading off: nothing was read." }),
    changed: z.array(z.string()).meta({ description: "Sections whose values in force are others now." }),
    message: z.string(),
  })
  .meta({ examples: [{ reloaded: true, changed: ["storage"], message: "Robin has read its files again." }] });
export type ReloadConfigOutput = z.infer<typeof ReloadConfigOutput>;

export const SyncStatusOutput = z
  .object({
    enabled: z.boolean().meta({ description: "Whether Robin takes its files from a database." }),
    lastAttemptAt: Instant.optional(),
    lastSuccessAt: Instant.optional().meta({ description: "Absent when the last attempt failed." }),
    lastError: z.string().optional(),
    appliedFiles: z.array(z.string()),
    skippedFiles: z.array(z.object({ name: z.string(), reason: z.string().optional() })),
  })
  .meta({ examples: [{ enabled: false, appliedFiles: [], skippedFiles: [] }] });
export type SyncStatusOutput = z.infer<typeof SyncStatusOutput>;
