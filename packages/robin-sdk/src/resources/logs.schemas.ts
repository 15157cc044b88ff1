import { z } from "zod";

export const LogQuery = z.object({
  /** Text that a line must contain, with case. Robin knows no patterns, levels, times or pages. */
  query: z
    .string()
    .max(1000)
    .refine((query) => query.trim() !== "", "must not be blank: Robin would answer with its usage")
    .refine((query) => !/[\r\n]/.test(query), "must not contain a line break: no line does")
    .refine((query) => query.isWellFormed(), "must be well-formed Unicode"),
});
export type LogQuery = z.infer<typeof LogQuery>;

const bytesMaxDefault = 8 * 1024 * 1024;

export const LogSearchLimits = z.object({
  /** Bytes of lines that are given out, line ends included; then the search ends with `truncated`. */
  bytesMax: z.int().min(1).default(bytesMaxDefault),
});

export const LogSearchOutcome = z.object({
  /** The cap or the caller ended it; there may be more. */
  truncated: z.boolean(),
  /** Bytes of the lines given out, line ends included. */
  bytes: z.int(),
  lines: z.int(),
  /** Lines with bytes that are no UTF-8, given out with U+FFFD in their place. */
  invalidLines: z.int(),
  /** Lines longer than 256 KiB, given out without their ends. */
  cutLines: z.int(),
  /**
   * Whether Robin's own line about this search was among them, as it is unless Robin logs warnings only. If it is
   * missing, an invalid byte has probably ended today's file before its end, of which Robin says nothing.
   */
  sawItself: z.boolean(),
});
export type LogSearchOutcome = z.infer<typeof LogSearchOutcome>;

export const LogLevel = z.enum(["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"]);
export type LogLevel = z.infer<typeof LogLevel>;

export const LogEntry = z.object({
  kind: z.literal("entry"),
  level: LogLevel,
  at: z.date(),
  thread: z.string(),
  /** The last two parts of the logger's name: `endpoints.LogsHandler`. */
  logger: z.string(),
  /** Session UID; on HTTP threads it may belong to another session. */
  aCode: z.string().exactOptional(),
  /** Peer's socket address: `/127.0.0.1:40112`. */
  bCode: z.string().exactOptional(),
  /** Envelope sender. */
  cCode: z.string().exactOptional(),
  /** With the lines that continue it, as far as they matched too; at most 64 Ki characters. */
  message: z.string(),
});
export type LogEntry = z.infer<typeof LogEntry>;

/** Lines that continue an entry which did not match itself. */
export const LogFragment = z.object({ kind: z.literal("fragment"), message: z.string() });
export type LogFragment = z.infer<typeof LogFragment>;
