import type { Db } from "@robin/db";
import type { SignedInContext } from "../../context.ts";
import { withAudit } from "../audit/audit.service.ts";
import { dangerOf } from "./block-target.ts";
import type {
  ImportBlocklistFileInput,
  ImportBlocklistInput,
  ImportBlocklistOutput,
  ImportedEntry,
} from "./blocklist.schemas.ts";
import { columnsOf } from "./blocklist.service.ts";
import { type ImportLine, readCsv, readEntries, readImportFile } from "./import-file.ts";
import { isPast, tell } from "./notices.ts";

const errorsMax = 100;
const auditedMax = 100;
const rowsAtOnce = 1000;
const importTimes = { maxWait: 5000, timeout: 20_000 };

type ImportFlags = Pick<ImportBlocklistInput, "dryRun" | "allOrNothing" | "confirm">;

/** @throws AppError `invalid_input` for CSV that is not whole, or does not name its columns. */
export function importEntries(ctx: SignedInContext, input: ImportBlocklistInput): Promise<ImportBlocklistOutput> {
  const lines = input.csv === undefined ? readEntries(input.entries ?? []) : readCsv(input.csv);
  return importLines(ctx, lines, input);
}

/** @throws AppError `invalid_input` for what is neither CSV that names its columns nor a list in JSON. */
export function importFile(ctx: SignedInContext, input: ImportBlocklistFileInput): Promise<ImportBlocklistOutput> {
  return importLines(ctx, readImportFile(input.file), input);
}

async function importLines(
  ctx: SignedInContext,
  lines: readonly ImportLine[],
  flags: ImportFlags,
): Promise<ImportBlocklistOutput> {
  const { db, clock, blocklist } = ctx.deps;
  const { entries, repeated, errors } = sortOut(ctx, lines, flags);
  const values = entries.map(({ value }) => value.value);
  const rest = values.length - auditedMax;
  const targets = [...values.slice(0, auditedMax), ...(rest > 0 ? [`and ${rest} more`] : [])];
  return withAudit(ctx, { action: "blocklist.import", targets }, async () => {
    const isRefused = flags.allOrNothing && errors.length > 0;
    const answer = (imported: number, duplicates: number) => ({
      imported,
      failed: errors.length,
      duplicates,
      errors: shortened(errors),
    });
    if (flags.dryRun || isRefused) {
      const present = await countPresent(db, values);
      const notices = [flags.dryRun ? "Nothing was changed: this was a dry run." : "Nothing was changed."];
      const imported = isRefused ? 0 : values.length - present;
      return { ...answer(imported, repeated + present), projected: false, notices };
    }
    const createdAt = clock.now();
    const rows = entries.map(({ value, reason, expiresAt, active }) => ({
      ...columnsOf(value),
      reason,
      expiresAt,
      active: active && value.network !== null,
      createdAt,
      createdBy: ctx.principal.username,
    }));
    const count = await db.$transaction(async (tx) => {
      let added = 0;
      for (let start = 0; start < rows.length; start += rowsAtOnce) {
        const data = rows.slice(start, start + rowsAtOnce);
        added += (await tx.blocklistEntry.createMany({ data, skipDuplicates: true })).count;
      }
      return added;
    }, importTimes);
    const domains = entries.filter(({ value, active }) => active && value.network === null).length;
    const notices =
      domains > 0 ? [`Robin blocks addresses and networks only: ${domains} domains are kept switched off.`] : [];
    return { ...answer(count, repeated + values.length - count), ...tell(await blocklist.project(), notices) };
  });
}

/** The first of each value, how many were there again, and a sentence for each line that cannot be taken. */
function sortOut({ deps, ipAddress }: SignedInContext, lines: readonly ImportLine[], { confirm }: ImportFlags) {
  const now = deps.clock.now();
  const entries = new Map<string, ImportedEntry>();
  const errors: string[] = [];
  let repeated = 0;
  for (const { where, read } of lines) {
    const problem = "problem" in read ? read.problem : obstacleTo(read, { now, ipAddress, confirm });
    if (problem !== undefined) errors.push(`${where}: ${problem}.`);
    else if ("problem" in read) continue;
    else if (entries.has(read.value.value)) repeated += 1;
    else entries.set(read.value.value, read);
  }
  return { entries: [...entries.values()], repeated, errors };
}

function obstacleTo(
  { value, expiresAt, active }: ImportedEntry,
  { now, ipAddress, confirm }: { now: Date; ipAddress: string; confirm: boolean },
): string | undefined {
  if (isPast(expiresAt, now)) return "expiresAt is in the past";
  const danger = active && !confirm ? dangerOf(value, ipAddress) : undefined;
  return danger === undefined ? undefined : `${danger}: to import it all the same, send \`confirm=true\``;
}

async function countPresent(db: Db, values: readonly string[]): Promise<number> {
  const [row] = await db.$queryRaw<{ present: number }[]>`
    SELECT count(*)::int AS present FROM gateway_blocklist_entries WHERE value = ANY(${values}::text[])`;
  return row?.present ?? 0;
}

function shortened(errors: readonly string[]): string[] {
  const rest = errors.length - errorsMax;
  return rest <= 0 ? [...errors] : [...errors.slice(0, errorsMax - 1), `There are ${rest + 1} more lines like these.`];
}
