import { z } from "zod";
import { LastEventId, liveStreamOutput } from "../../live/live-stream.ts";
import { LogEntry, logFilterFields } from "./logs.schemas.ts";

const { search, level, levelMin, logger } = logFilterFields;

export const WatchLogsInput = z
  .strictObject({ search, level, levelMin, logger, lastEventId: LastEventId })
  .refine(({ level: only, levelMin: least }) => !only || !least, {
    path: ["levelMin"],
    message: "does not go with level",
  })
  .optional();
export type WatchLogsInput = z.infer<typeof WatchLogsInput>;

export const LogMessage = z
  .object({
    entries: z.array(LogEntry).meta({
      description: "The oldest first, without the lines that follow an entry's first; none in the first message.",
    }),
    incomplete: z.boolean().meta({ description: "True when there may have been more entries since the last message." }),
  })
  .meta({ id: "LogMessage" });
export type LogMessage = z.infer<typeof LogMessage>;

export const WatchLogsOutput = liveStreamOutput(LogMessage);
