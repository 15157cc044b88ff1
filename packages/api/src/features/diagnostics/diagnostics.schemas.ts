import { z } from "zod";

export const EntriesOutput = z
  .object({
    entries: z.array(z.object({ name: z.string(), value: z.string() })),
  })
  .meta({ id: "SystemEntries", examples: [{ entries: [{ name: "LANG", value: "C.UTF-8" }] }] });
export type EntriesOutput = z.infer<typeof EntriesOutput>;

export const ThreadsOutput = z
  .object({
    threads: z.array(
      z.object({
        name: z.string(),
        id: z.int(),
        state: z.string().meta({ description: "Java's word for it, such as RUNNABLE." }),
        frames: z.array(z.string()).meta({ description: "Innermost call first." }),
      }),
    ),
  })
  .meta({ examples: [{ threads: [{ name: "HTTP-Dispatcher", id: 36, state: "RUNNABLE", frames: [] }] }] });
export type ThreadsOutput = z.infer<typeof ThreadsOutput>;
