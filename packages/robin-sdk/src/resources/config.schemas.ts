import { z } from "zod";

/** One file of Robin's configuration, as Robin holds it in memory. Secrets are in it in clear. */
export const ConfigSection = z.object({
  /** The title in lower case: `properties`, `server`, `storage`, `queue`, `relay`, `dovecot`, `users`, ... */
  name: z.string().min(1),
  /** As Robin writes it: `Storage`. */
  title: z.string().min(1),
  /** A key without a value is absent; a number has lost the difference between 25 and 25.0. */
  values: z.record(z.string(), z.json()),
});
export type ConfigSection = z.infer<typeof ConfigSection>;

/** Robin's wire form of a reload's answer; its other form comes with status 500. */
export const ConfigReload = z.object({ status: z.literal("OK"), message: z.string() });

export const ConfigSyncStatus = z.object({
  enabled: z.boolean(),
  /** Absent when there was no attempt. */
  lastAttemptAt: z.date().exactOptional(),
  /** Absent when the last attempt failed, whatever was before it. */
  lastSuccessAt: z.date().exactOptional(),
  /** Why the last attempt failed. */
  lastError: z.string().exactOptional(),
  /** File names. */
  appliedFiles: z.array(z.string()),
  /** `reason` as Robin puts it: `no change`, `excluded`, `invalid local json`, ... */
  skippedFiles: z.array(z.object({ name: z.string(), reason: z.string().exactOptional() })),
});
export type ConfigSyncStatus = z.infer<typeof ConfigSyncStatus>;

/** Robin's wire form; the counts are the lengths of the lists. */
export const ConfigSyncAnswer = z
  .object({
    enabled: z.boolean(),
    lastAttemptEpochMillis: z.number(),
    lastSuccessEpochMillis: z.number(),
    lastError: z.string().optional(),
    appliedFiles: z.array(z.string()),
    skippedFiles: z.array(z.string()),
  })
  .transform((wire): ConfigSyncStatus => ({
    enabled: wire.enabled,
    ...(wire.lastAttemptEpochMillis > 0 ? { lastAttemptAt: new Date(wire.lastAttemptEpochMillis) } : {}),
    ...(wire.lastSuccessEpochMillis > 0 ? { lastSuccessAt: new Date(wire.lastSuccessEpochMillis) } : {}),
    ...(wire.lastError === undefined ? {} : { lastError: wire.lastError }),
    appliedFiles: wire.appliedFiles,
    skippedFiles: wire.skippedFiles.map(splitReason),
  }));

/** `x.json5 (no change)` */
function splitReason(text: string): { name: string; reason?: string } {
  const [, name, reason] = /^(.*) \(([^()]*)\)$/.exec(text) ?? [];
  return name === undefined || reason === undefined ? { name: text } : { name, reason };
}
