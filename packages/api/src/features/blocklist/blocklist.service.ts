import { type BlocklistEntry as EntryRow, isUniqueViolation, type Prisma } from "@robin/db";
import type { Context, SignedInContext } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { withAudit } from "../audit/audit.service.ts";
import { type BlockTarget, dangerOf, readTarget } from "./block-target.ts";
import type {
  BlocklistEntriesInput,
  BlocklistEntry,
  BlocklistEntryInput,
  ChangedBlocklistEntry,
  CreateBlocklistEntryInput,
  DeletedBlocklistEntries,
  DeletedBlocklistEntry,
  UpdateBlocklistEntryInput,
} from "./blocklist.schemas.ts";
import { alsoByHand, isPast, isWithoutEffect, overlapsOf, tell } from "./notices.ts";

/** @throws AppError `not_found` */
export async function getEntry({ deps: { db } }: Context, { id }: BlocklistEntryInput): Promise<BlocklistEntry> {
  const row = await db.blocklistEntry.findUnique({ where: { id } });
  if (!row) throw noSuchEntry();
  return toEntry(row);
}

/**
 * A domain is kept switched off, since Robin could not block it.
 * @throws AppError `conflict` when it is there already, or dangerous and not confirmed; `invalid_input` when it is past.
 */
export async function createEntry(
  ctx: SignedInContext,
  input: CreateBlocklistEntryInput,
): Promise<ChangedBlocklistEntry> {
  const { db, clock, blocklist } = ctx.deps;
  const { value: target, reason, expiresAt, confirm } = input;
  return withAudit(ctx, { action: "blocklist.create", targets: [target.value] }, async () => {
    const now = clock.now();
    if (isPast(expiresAt, now)) throw expired();
    const active = input.active && target.network !== null;
    if (active && !confirm) refuseDanger(ctx, target);
    const data = { ...columnsOf(target), reason, active, expiresAt, createdAt: now, createdBy: ctx.principal.username };
    const row = await db.blocklistEntry.create({ data }).catch((error: unknown) => {
      throw isUniqueViolation(error) ? alreadyThere(target, error) : error;
    });
    const notices = [
      ...(input.active ? isWithoutEffect(row, now) : []),
      ...(active ? await overlapsOf(db, target, now) : []),
    ];
    return { ...toEntry(row), ...tell(await blocklist.project(), notices) };
  });
}

/** @throws AppError `not_found`; `not_implemented` for a domain that is to be switched on; else as `createEntry`. */
export async function updateEntry(
  ctx: SignedInContext,
  { id, value: target, reason, expiresAt, active, confirm }: UpdateBlocklistEntryInput,
): Promise<ChangedBlocklistEntry> {
  const { db, clock, blocklist } = ctx.deps;
  const targets = [await valueOf(ctx, id), ...(target ? [target.value] : [])];
  return withAudit(ctx, { action: "blocklist.update", targets }, async () => {
    const now = clock.now();
    if (isPast(expiresAt, now)) throw expired();
    const [former, row] = await db.$transaction(async (tx) => {
      const found = await lockedRow(tx, id);
      const next = target ?? targetOf(found);
      const willBeActive = active ?? found.active;
      if (willBeActive && next.network === null) throw onlyAddresses();
      if (willBeActive && !confirm && (target !== undefined || !found.active)) refuseDanger(ctx, next);
      const data = {
        ...(target && columnsOf(target)),
        ...(reason !== undefined && { reason }),
        ...(expiresAt !== undefined && { expiresAt }),
        ...(active !== undefined && { active }),
      };
      const changed = await tx.blocklistEntry.update({ where: { id }, data }).catch((error: unknown) => {
        throw isUniqueViolation(error) ? alreadyThere(next, error) : error;
      });
      return [found, changed] as const;
    });
    const projection = await blocklist.project();
    const released = row.active && row.value === former.value ? [] : [former.value];
    const notices = [...(row.active ? isWithoutEffect(row, now) : []), ...alsoByHand(projection, released)];
    return { ...toEntry(row), ...tell(projection, notices) };
  });
}

/** @throws AppError `not_found` */
export async function deleteEntry(ctx: SignedInContext, { id }: BlocklistEntryInput): Promise<DeletedBlocklistEntry> {
  const { db, blocklist } = ctx.deps;
  const value = await valueOf(ctx, id);
  return withAudit(ctx, { action: "blocklist.delete", targets: [value] }, async () => {
    const { count } = await db.blocklistEntry.deleteMany({ where: { id } });
    if (count === 0) throw noSuchEntry();
    const projection = await blocklist.project();
    return { success: true as const, ...tell(projection, alsoByHand(projection, [value])) };
  });
}

export async function deleteEntries(
  ctx: SignedInContext,
  input: BlocklistEntriesInput,
): Promise<DeletedBlocklistEntries> {
  const { db, blocklist } = ctx.deps;
  const ids = [...new Set(input.ids.map((id) => id.toLowerCase()))];
  const rows = await db.blocklistEntry.findMany({ where: { id: { in: ids } }, select: { id: true, value: true } });
  const values = new Map(rows.map(({ id, value }) => [id, value]));
  const targets = ids.map((id) => values.get(id) ?? id);
  return withAudit(ctx, { action: "blocklist.delete", targets }, async () => {
    const { count: done } = await db.blocklistEntry.deleteMany({ where: { id: { in: ids } } });
    const projection = await blocklist.project();
    const notices = alsoByHand(projection, [...values.values()]);
    return { requested: ids.length, done, missing: ids.length - done, ...tell(projection, notices) };
  });
}

export function toEntry({
  id,
  type,
  value,
  reason,
  createdAt,
  createdBy,
  expiresAt,
  active,
}: EntryRow): BlocklistEntry {
  return { id, type, value, reason, createdAt, createdBy, ...(expiresAt && { expiresAt }), active };
}

export function columnsOf({ type, value, network }: BlockTarget) {
  return { type, value, network };
}

async function valueOf({ deps: { db } }: Context, id: string): Promise<string> {
  const row = await db.blocklistEntry.findUnique({ where: { id }, select: { value: true } });
  return row?.value ?? id;
}

/** What is decided from the row holds until the change is done. */
async function lockedRow(tx: Prisma.TransactionClient, id: string): Promise<EntryRow> {
  await tx.$executeRaw`SELECT 1 FROM gateway_blocklist_entries WHERE id = ${id}::uuid FOR UPDATE`;
  const row = await tx.blocklistEntry.findUnique({ where: { id } });
  if (!row) throw noSuchEntry();
  return row;
}

function targetOf({ value }: EntryRow): BlockTarget {
  const target = readTarget(value);
  if ("problem" in target) throw new Error(`the stored value ${value} cannot be read`);
  return target;
}

/** @throws AppError `conflict` */
function refuseDanger({ ipAddress }: Context, target: BlockTarget): void {
  const danger = dangerOf(target, ipAddress);
  if (danger === undefined) return;
  throw new AppError("conflict", `${danger}: to block it all the same, send \`confirm: true\`.`);
}

function alreadyThere({ value }: BlockTarget, cause: unknown): AppError {
  return new AppError("conflict", `${value} is on the list already.`, { cause });
}

function onlyAddresses(): AppError {
  return new AppError("not_implemented", "Robin blocks addresses and networks only: a domain cannot be switched on.");
}

function expired(): AppError {
  const issues = [{ path: "expiresAt", message: "is in the past" }];
  return new AppError("invalid_input", "The input is not valid.", { issues });
}

function noSuchEntry(): AppError {
  return new AppError("not_found", "There is no such entry on the blocklist.");
}
