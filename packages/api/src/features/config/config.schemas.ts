import { z } from "zod";
import { Instant } from "../../rest-input.ts";

const SectionName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,49}$/i, "is not the name of a section")
  .meta({ description: "As `config.list` gives it.", examples: ["storage"] });

const Source = z.enum(["file", "robin", "gateway"]).meta({
  description:
    "`file` in Robin's folder; `robin` as Robin shows it, because the folder is not mounted or the file not readable; `gateway` for what Robin has no place for.",
});

export const ListConfigOutput = z
  .object({ sections: z.array(z.object({ name: z.string(), title: z.string() })) })
  .meta({ examples: [{ sections: [{ name: "storage", title: "Storage" }] }] });
export type ListConfigOutput = z.infer<typeof ListConfigOutput>;

export const GetConfigInput = z.strictObject({ section: SectionName });
export type GetConfigInput = z.infer<typeof GetConfigInput>;

export const ConfigMeta = z
  .object({
    section: z.string(),
    title: z.string(),
    source: Source,
    version: z.string().optional().meta({
      description: "Another one after each change; sent back with a change, it makes sure of what is changed.",
    }),
    obstacles: z.array(z.string()).meta({ description: "Why it cannot be changed here; empty when it can." }),
    inForceKnown: z.boolean().meta({ description: "False when Robin could not be asked what it has in force." }),
    notInForce: z
      .array(z.object({ path: z.string(), reason: z.string() }))
      .meta({ description: "Values here that Robin does not use, or not yet." }),
  })
  .meta({ description: "What the gateway knows of the document. Only `version` is read when it is sent back." });
export type ConfigMeta = z.infer<typeof ConfigMeta>;

const clamavExample = { enabled: true, host: "clamav", port: 3310, timeout: 5000, onVirus: "reject" };

/** The values of the section beside `_meta`. */
export const ConfigDocument = z
  .object({ _meta: ConfigMeta })
  .catchall(z.unknown())
  .meta({
    examples: [
      {
        ...clamavExample,
        _meta: {
          section: "clamav",
          title: "ClamAV",
          source: "file",
          version: "c7be1ed902fb8dd4d48997c6452f5d7e-1",
          obstacles: [],
          inForceKnown: true,
          notInForce: [],
        },
      },
    ],
  });
export type ConfigDocument = z.infer<typeof ConfigDocument>;

export const UpdateConfigInput = z
  .strictObject({
    section: SectionName,
    document: z.record(z.string(), z.json()).meta({
      description: "The values to change. What it does not name stays, and null removes. ******** keeps a secret.",
      override: { type: "object", additionalProperties: true },
    }),
  })
  .meta({ examples: [{ section: "clamav", document: clamavExample }] });
export type UpdateConfigInput = z.infer<typeof UpdateConfigInput>;

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
