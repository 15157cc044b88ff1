import type { BlocklistEntry as EntryRow } from "@robin/db";
import type { Context } from "../../context.ts";
import { csvMediaType, csvRow } from "../../csv.ts";
import { Download } from "../../download.ts";
import { filterOf } from "./blocklist-list.service.ts";
import type { ExportBlocklistInput } from "./blocklist.schemas.ts";
import { toEntry } from "./blocklist.service.ts";

const rowsAtOnce = 1000;

const formats = {
  csv: {
    mediaType: csvMediaType,
    head: csvRow(["type", "value", "reason", "expiresAt", "active"]),
    separator: "",
    encode: ({ type, value, reason, expiresAt, active }: EntryRow) =>
      csvRow([type, value, reason, expiresAt?.toISOString(), String(active)]),
    tail: "",
  },
  json: {
    mediaType: "application/json",
    head: "[\n",
    separator: ",\n",
    encode: (row: EntryRow) => JSON.stringify(toEntry(row)),
    tail: "\n]\n",
  },
};

/** Oldest first. A query for each part, and none between: a slow reader holds neither a transaction nor a connection. */
export function exportEntries({ deps: { db, clock } }: Context, input: ExportBlocklistInput): Download {
  const { mediaType, head, separator, encode, tail } = formats[input.format];

  // Not a Buffer, which superjson writes for typed callers but does not read.
  const encoder = new TextEncoder();
  async function* file(): AsyncGenerator<Uint8Array> {
    let before = head;
    let last: string | undefined;
    do {
      const rows: EntryRow[] = await db.blocklistEntry.findMany({
        where: { AND: [filterOf(input), ...(last === undefined ? [] : [{ id: { gt: last } }])] },
        orderBy: { id: "asc" },
        take: rowsAtOnce,
      });
      if (last !== undefined && rows.length > 0) before = separator;
      const text = before + rows.map(encode).join(separator);
      if (text !== "") yield encoder.encode(text);
      before = "";
      last = rows.length === rowsAtOnce ? rows.at(-1)?.id : undefined;
    } while (last !== undefined);
    if (tail !== "") yield encoder.encode(tail);
  }

  const day = clock.now().toISOString().slice(0, 10);
  return new Download({ fileName: `blocklist-${day}.${input.format}`, mediaType }, ReadableStream.from(file()));
}
