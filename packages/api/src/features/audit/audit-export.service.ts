import type { AuditEvent as AuditRow, Prisma } from "@robin/db";
import type { Context } from "../../context.ts";
import { csvMediaType, csvRow } from "../../csv.ts";
import { Download } from "../../download.ts";
import { auditWhere, toAuditEvent } from "./audit-search.service.ts";
import type { AuditEvent, ExportAuditInput } from "./audit.schemas.ts";

const rowsAtOnce = 500;

const columns = [
  "occurredAt",
  "finishedAt",
  "action",
  "targets",
  "outcome",
  "errorCode",
  "actorUsername",
  "actorId",
  "apiKeyName",
  "apiKeyId",
  "ipAddress",
  "requestId",
  "id",
];

interface AuditFileFormat {
  mediaType: string;
  head: string;
  separator: string;
  encode: (event: AuditEvent) => string;
  tail: string;
}

const formats: Record<ExportAuditInput["format"], AuditFileFormat> = {
  csv: {
    mediaType: csvMediaType,
    head: csvRow(columns),
    separator: "",
    encode: (event) =>
      csvRow([
        event.occurredAt.toISOString(),
        event.finishedAt?.toISOString(),
        event.action,
        event.targets.join("; "),
        event.outcome,
        event.errorCode,
        event.actorUsername,
        event.actorId,
        event.apiKeyName,
        event.apiKeyId,
        event.ipAddress,
        event.requestId,
        event.id,
      ]),
    tail: "",
  },
  json: {
    mediaType: "application/json",
    head: "[\n",
    separator: ",\n",
    encode: (event) => JSON.stringify(event),
    tail: "\n]\n",
  },
};

/** Newest first, as the search. What happens meanwhile is newer than the first row, so nothing is skipped or doubled. */
export function exportAudit({ deps }: Context, input: ExportAuditInput): Download {
  const { db, clock } = deps;
  const { mediaType, head, separator, encode, tail } = formats[input.format];

  /** A query for each page, and none between: a slow reader holds neither a transaction nor a connection. */
  async function* file(): AsyncGenerator<Uint8Array> {
    let last: AuditRow | undefined;
    let before = head;
    do {
      const rows: AuditRow[] = await db.auditEvent.findMany({
        where: { AND: [auditWhere(input), ...(last ? [isAfter(last)] : [])] },
        orderBy: [{ occurredAt: "desc" }, { id: "desc" }],
        take: rowsAtOnce,
      });
      const text = rows.map((row) => encode(toAuditEvent(row))).join(separator);
      if (last && rows.length > 0) before = separator;
      if (before + text !== "") yield Buffer.from(before + text);
      before = "";
      last = rows.length === rowsAtOnce ? rows.at(-1) : undefined;
    } while (last);
    if (tail !== "") yield Buffer.from(tail);
  }

  const stamp = clock
    .now()
    .toISOString()
    .replaceAll(/[-:]|\..*/g, "");
  return new Download({ fileName: `audit-${stamp}.${input.format}`, mediaType }, ReadableStream.from(file()));
}

/** Comes after this row in the order of the file. */
function isAfter({ occurredAt, id }: AuditRow): Prisma.AuditEventWhereInput {
  return { occurredAt: { lte: occurredAt }, NOT: { occurredAt, id: { gte: id } } };
}
