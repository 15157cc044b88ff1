import { csvMediaType, csvRow } from "../../csv.ts";
import type { ExportLogsInput, LogEntry } from "./logs.schemas.ts";

export interface LogFileFormat {
  mediaType: string;
  head: string;
  /** Between two entries. */
  separator: string;
  /** Undefined when the file has Robin's lines instead of entries. */
  encode: ((entry: LogEntry) => string) | undefined;
  /** Ends the file, and says in it why it is not complete. */
  tail(reasons: readonly string[], isEmpty: boolean): string;
}

const columns = ["timestamp", "level", "logger", "thread", "message", "stackTrace", "aCode", "bCode", "cCode"];

export const logFileFormats: Record<ExportLogsInput["format"], LogFileFormat> = {
  txt: {
    mediaType: "text/plain; charset=utf-8",
    head: "",
    separator: "",
    encode: undefined,
    tail: (reasons) => reasons.map((reason) => `# Incomplete: ${reason}\n`).join(""),
  },
  json: {
    mediaType: "application/json",
    head: "[\n",
    separator: ",\n",
    encode: (entry) => JSON.stringify(entry),
    tail(reasons, isEmpty) {
      if (reasons.length === 0) return "\n]\n";
      const note = JSON.stringify({ incomplete: true, incompleteReasons: reasons });
      return `${isEmpty ? "" : ",\n"}${note}\n]\n`;
    },
  },
  csv: {
    mediaType: csvMediaType,
    head: csvRow(columns),
    separator: "",
    encode({ timestamp, level, logger, thread, message, stackTrace, context = {} }) {
      const { aCode, bCode, cCode } = context;
      const robinLevel = context.level ?? level;
      return csvRow([timestamp.toISOString(), robinLevel, logger, thread, message, stackTrace, aCode, bCode, cCode]);
    },
    tail: (reasons) => (reasons.length === 0 ? "" : csvRow(["", "", "", "", `Incomplete: ${reasons.join(" ")}`])),
  },
};
