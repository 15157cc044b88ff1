import { CsvError, parse } from "csv-parse/sync";
import { z } from "zod";
import { AppError } from "../../errors.ts";
import { ImportedEntry } from "./blocklist.schemas.ts";

export interface ImportLine {
  /** Such as `Line 3`, for a person who looks into the file. */
  where: string;
  read: ImportedEntry | { problem: string };
}

/** @throws AppError `invalid_input` for what is neither CSV with a first line of names nor a list in JSON. */
export function readImportFile(bytes: Uint8Array): ImportLine[] {
  const text = decode(bytes);
  return /^\s*[[{]/.test(text) ? readEntries(parseJson(text)) : readCsv(text);
}

export function readEntries(entries: readonly unknown[]): ImportLine[] {
  return entries.map((entry, index) => {
    // A bare list of addresses is a list too.
    const value = typeof entry === "string" ? { value: entry } : entry;
    return { where: `Entry ${index + 1}`, read: readLine(value) };
  });
}

/** @throws AppError `invalid_input` */
export function readCsv(text: string): ImportLine[] {
  const [head, ...records] = parseRecords(text);
  const columns = head?.cells.map((cell) => known.get(cell.trim().toLowerCase()));
  if (!head || !columns?.includes("value")) {
    throw unreadable("The first line must name the columns: type,value,reason,expiresAt,active; only value is needed.");
  }
  return records.map(({ cells, line }) => {
    const fields = columns.flatMap((name, index) => {
      const cell = withoutGuard(cells[index] ?? "").trim();
      return name === undefined || cell === "" ? [] : [[name, cell] as const];
    });
    const tooLong = cells.length > columns.length;
    const read = tooLong ? { problem: "has more cells than the first line" } : readLine(Object.fromEntries(fields));
    return { where: `Line ${line}`, read };
  });
}

const known = new Map(["type", "value", "reason", "expiresAt", "active"].map((name) => [name.toLowerCase(), name]));

/** Takes away the apostrophe that the export puts in front of what a spreadsheet would run. */
function withoutGuard(cell: string): string {
  return /^'[=+\-@\t\r\uFF0B\uFF0D\uFF1D\uFF20]/.test(cell) ? cell.slice(1) : cell;
}

function readLine(value: unknown): ImportLine["read"] {
  const { data, error } = ImportedEntry.safeParse(value);
  if (data) return data;
  return { problem: error.issues.map(sentence).join("; ") };
}

function sentence({ path, message, code }: z.core.$ZodIssue): string {
  const name = path.map(String).join(".");
  if (name === "") return "is not an entry";
  return `${name} ${code === "custom" ? message : `is not valid (${message})`}`;
}

function parseRecords(text: string): { cells: string[]; line: number }[] {
  try {
    const records = parse(text, {
      info: true,
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return records.map(({ record, info }) => ({ cells: record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw unreadable(`The file is not whole as CSV: ${error.message}.`, error);
  }
}

function parseJson(text: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable("The file is not whole as JSON.", error);
  }
  const list = Array.isArray(value)
    ? (value as unknown[])
    : z.object({ items: z.array(z.unknown()) }).safeParse(value).data?.items;
  if (!list) throw unreadable("The file must hold a list of entries.");
  return list;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw unreadable("The file is not a text in UTF-8.", error);
  }
}

function unreadable(message: string, cause?: unknown): AppError {
  return new AppError("invalid_input", message, { cause });
}
