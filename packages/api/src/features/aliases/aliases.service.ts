import type { Prisma } from "@robin/db";
import type { Context } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { containing, pageWindow, toPage } from "../../listing.ts";
import { takeLock } from "../../locks.ts";
import { withAudit } from "../audit/audit.service.ts";
import { catchAllOf, domainOf, isCatchAll } from "./address.ts";
import { refuseLoop } from "./alias-loops.ts";
import type {
  Alias,
  AliasInput,
  CreateAliasInput,
  ListAliasesInput,
  ListAliasesOutput,
  UpdateAliasInput,
} from "./aliases.schemas.ts";

const withDomain = { domain: { select: { name: true } } } as const;
type AliasRow = Prisma.AliasGetPayload<{ include: typeof withDomain }>;

/** Sorted by source. */
export async function listAliases({ deps: { db } }: Context, input: ListAliasesInput): Promise<ListAliasesOutput> {
  const { domainId, search, destination, order } = input;
  const where: Prisma.AliasWhereInput = {
    ...(domainId !== undefined && { domainId }),
    ...(search !== undefined && { source: containing(search) }),
    ...(destination !== undefined && { destinations: { has: destination } }),
  };
  const [total, rows] = await Promise.all([
    db.alias.count({ where }),
    db.alias.findMany({ where, orderBy: { source: order }, include: withDomain, ...pageWindow(input) }),
  ]);
  return toPage(rows.map(toAlias), total, input);
}

/** @throws AppError `not_found` */
export async function getAlias({ deps: { db } }: Context, { id }: AliasInput): Promise<Alias> {
  const row = await db.alias.findUnique({ where: { id }, include: withDomain });
  if (!row) throw noSuchAlias();
  return toAlias(row);
}

/** @throws AppError `invalid_input` for a domain that is not ours, `conflict` for a source that is taken or a loop. */
export async function createAlias(ctx: Context, { source, destinations }: CreateAliasInput): Promise<Alias> {
  return withAudit(ctx, { action: "aliases.create", targets: [source] }, () =>
    changing(ctx, async (tx) => {
      const domain = await tx.domain.findUnique({ where: { name: domainOf(source) }, select: { id: true } });
      if (!domain) {
        const issues = [{ path: "source", message: "is in none of the domains here" }];
        throw new AppError("invalid_input", "The input is not valid.", { issues });
      }
      if ((await tx.alias.count({ where: { source } })) > 0) {
        throw new AppError("conflict", `There is an alias for ${source} already.`);
      }
      await refuseLoop(tx, source, new Map([[source, destinations]]));
      const createdAt = ctx.deps.clock.now();
      const data = { source, destinations, domainId: domain.id, createdAt };
      return toAlias(await tx.alias.create({ data, include: withDomain }));
    }),
  );
}

/** @throws AppError `not_found`, or `conflict` for a loop. */
export async function updateAlias(ctx: Context, { id, destinations }: UpdateAliasInput): Promise<Alias> {
  return withAudit(ctx, { action: "aliases.update", targets: [await targetOf(ctx, id)] }, () =>
    changing(ctx, async (tx) => {
      const source = await sourceOf(tx, id);
      await refuseLoop(tx, source, new Map([[source, destinations]]));
      return toAlias(await tx.alias.update({ where: { id }, data: { destinations }, include: withDomain }));
    }),
  );
}

/** @throws AppError `not_found`, or `conflict` when its name would fall to the whole domain's alias and so into a loop. */
export async function deleteAlias(ctx: Context, { id }: AliasInput): Promise<{ success: true }> {
  return withAudit(ctx, { action: "aliases.delete", targets: [await targetOf(ctx, id)] }, () =>
    changing(ctx, async (tx) => {
      const source = await sourceOf(tx, id);
      if (!isCatchAll(source)) await refuseLoop(tx, catchAllOf(source), new Map([[source, undefined]]));
      await tx.alias.delete({ where: { id } });
      return { success: true as const };
    }),
  );
}

/** One change at a time: what the check for loops has read stays true until the change is done. */
function changing<Result>({ deps }: Context, run: (tx: Prisma.TransactionClient) => Promise<Result>): Promise<Result> {
  return deps.db.$transaction(async (tx) => {
    await takeLock(tx, "aliases");
    return run(tx);
  });
}

async function sourceOf(tx: Prisma.TransactionClient, id: number): Promise<string> {
  const row = await tx.alias.findUnique({ where: { id }, select: { source: true } });
  if (!row) throw noSuchAlias();
  return row.source;
}

async function targetOf({ deps: { db } }: Context, id: number): Promise<string> {
  const row = await db.alias.findUnique({ where: { id }, select: { source: true } });
  return row?.source ?? String(id);
}

function noSuchAlias(): AppError {
  return new AppError("not_found", "There is no such alias.");
}

function toAlias({ id, domainId, domain, source, destinations, createdAt, updatedAt }: AliasRow): Alias {
  const catchAll = isCatchAll(source);
  return { id, domainId, domain: domain.name, source, destinations, catchAll, createdAt, updatedAt };
}
