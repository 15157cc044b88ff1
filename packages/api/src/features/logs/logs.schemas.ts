import { z } from "zod";
import { Instant, instantParam, intParam, textParam } from "../../rest-input.ts";

const LogLevel = z.enum(["ERROR", "WARN", "INFO", "DEBUG", "TRACE"]);
export type LogLevel = z.infer<typeof LogLevel>;

/** Robin is asked for this text as it is, so it is not trimmed and no pattern. */
const SearchText = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[\t -~\u00a0-\uffff]*$/, "has a control character")
  .regex(/\S/, "is blank")
  .refine((text) => text.isWellFormed(), "has half a character")
  .meta({ description: "Text that a line contains, with case; no pattern. Lines hold times as `MMdd-HHmmssSSS`." });

export const logFilterFields = {
  search: SearchText.optional(),
  level: LogLevel.meta({
    description: "This level alone, without stack traces. ERROR takes in Robin's FATAL.",
  }).optional(),
  levelMin: LogLevel.meta({
    description: "This level and worse ones, with stack traces: Robin gives everything for it.",
  }).optional(),
  logger: textParam({
    charsMax: 255,
    description: "Name as in `GET /logs/loggers`, or the part before its dot for all of a package.",
  }).optional(),
  startTime: instantParam("Only entries of then or later.").optional(),
  endTime: instantParam("Only entries before.").optional(),
};

type FilterFields = z.infer<z.ZodObject<typeof logFilterFields>>;

/** Refuses what could only find nothing. */
function withSense<Schema extends z.ZodType<FilterFields>>(schema: Schema) {
  return schema
    .refine(({ startTime, endTime }) => !startTime || !endTime || startTime <= endTime, {
      path: ["endTime"],
      message: "is before startTime",
    })
    .refine(({ level, levelMin }) => !level || !levelMin, { path: ["levelMin"], message: "does not go with level" });
}

/** A sorted page has to be kept in memory as far as it reaches. */
const offsetMax = 5000;

export const SearchLogsInput = withSense(
  z.strictObject({
    ...logFilterFields,
    order: z.enum(["asc", "desc"]).default("desc").meta({ description: "By time; `desc` begins with the newest." }),
    offset: intParam({
      min: 0,
      max: offsetMax,
      description: "Entries to leave out at the beginning. Farther back lead `endTime` and `order`.",
      fallback: 0,
    }).default(0),
    limit: intParam({ min: 1, max: 1000, description: "Entries at most.", fallback: 100 }).default(100),
  }),
);
export type SearchLogsInput = z.infer<typeof SearchLogsInput>;

export const ExportLogsInput = withSense(
  z.strictObject({
    ...logFilterFields,
    format: z.enum(["txt", "json", "csv"]).default("txt").meta({
      description: "Robin's lines as they are, an array of the entries of `GET /logs`, or a table.",
    }),
  }),
);
export type ExportLogsInput = z.infer<typeof ExportLogsInput>;

export type LogFilterInput = FilterFields;

const LogContext = z
  .object({
    aCode: z.string().meta({ description: "Session UID; on HTTP threads it may belong to another session." }),
    bCode: z.string().meta({ description: "Address of the peer." }),
    cCode: z.string().meta({ description: "Envelope sender." }),
    level: z.literal("FATAL").meta({ description: "What Robin wrote, where `level` says ERROR for FATAL." }),
  })
  .partial();

export const LogEntry = z
  .object({
    id: z.string().optional().meta({ description: "The same each time the entry is read. Absent in exports." }),
    timestamp: Instant,
    level: LogLevel,
    logger: z.string(),
    message: z.string(),
    thread: z.string().optional(),
    stackTrace: z.string().optional().meta({
      description:
        "Lines that follow the entry's first. With `search`, `level` or `logger` only those that Robin finds by them.",
    }),
    context: LogContext.optional(),
  })
  .meta({ id: "LogEntry" });
export type LogEntry = z.infer<typeof LogEntry>;

export const SearchLogsOutput = z
  .object({
    entries: z.array(LogEntry),
    total: z.int().min(0).meta({ description: "Matching entries in all." }),
    hasMore: z.boolean(),
    incomplete: z.boolean().meta({ description: "True when there may be entries that are not shown or counted." }),
    incompleteReasons: z.array(z.string()).optional().meta({ description: "Sentences; absent when complete." }),
  })
  .meta({
    examples: [
      {
        entries: [
          {
            id: "Jd0xJcTtPzvVbXGt3hWqSg",
            timestamp: "2026-08-21T13:22:16.123Z",
            level: "INFO",
            logger: "connection.SmtpFoundation",
            message: ">> MAIL FROM:<pepper@example.com>",
            thread: "pool-7-thread-3",
            context: { aCode: "5a2ce6a0-7d0d-4a3c-9d2f-6a9c1d1e8f10", bCode: "/192.0.2.7:40112" },
          },
        ],
        total: 1,
        hasMore: false,
        incomplete: false,
      },
    ],
  });
export type SearchLogsOutput = z.infer<typeof SearchLogsOutput>;

export const ListLoggersOutput = z.array(z.string()).meta({
  description: "Sorted names.",
  examples: [["connection.SmtpFoundation", "smtp.EmailReceipt", "smtp.SmtpListener"]],
});
export type ListLoggersOutput = z.infer<typeof ListLoggersOutput>;
