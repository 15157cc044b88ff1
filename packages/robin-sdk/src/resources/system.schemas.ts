import { z } from "zod";

/** An environment variable or a system property; the value may span lines, and may be a secret. */
export const SystemEntry = z.object({ name: z.string(), value: z.string() });
export type SystemEntry = z.infer<typeof SystemEntry>;

export const SystemThread = z.object({
  /** Not unique. */
  name: z.string(),
  id: z.int(),
  /** Java's name of it: `RUNNABLE`, `WAITING`, `TIMED_WAITING`, `BLOCKED`, ... */
  state: z.string(),
  /** Innermost call first; empty for the JVM's own threads. */
  frames: z.array(z.string()),
});
export type SystemThread = z.infer<typeof SystemThread>;
