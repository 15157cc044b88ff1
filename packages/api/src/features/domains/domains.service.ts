import { isUniqueViolation, type Prisma } from "@robin/db";
import type { Context } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { containing, pageWindow, toPage } from "../../listing.ts";
import { takeLock } from "../../locks.ts";
import { withAudit } from "../audit/audit.service.ts";
import { toUnicodeName } from "./domain-name.ts";
import type {
  CreateDomainInput,
  DeletedDomain,
  Domain,
  DomainInput,
  ListDomainsInput,
  ListDomainsOutput,
} from "./domains.schemas.ts";

const withCount = { _count: { select: { aliases: true } } } as const;
type DomainRow = Prisma.DomainGetPayload<{ include: typeof withCount }>;

export async function listDomains({ deps: { db } }: Context, input: ListDomainsInput): Promise<ListDomainsOutput> {
  const { search, order } = input;
  const where: Prisma.DomainWhereInput =
    search === undefined ? {} : { OR: [{ name: containing(search) }, { unicodeName: containing(search) }] };
  const [total, rows] = await Promise.all([
    db.domain.count({ where }),
    db.domain.findMany({ where, orderBy: { name: order }, include: withCount, ...pageWindow(input) }),
  ]);
  return toPage(rows.map(toDomain), total, input);
}

/** @throws AppError `not_found` */
export async function getDomain({ deps: { db } }: Context, { id }: DomainInput): Promise<Domain> {
  const row = await db.domain.findUnique({ where: { id }, include: withCount });
  if (!row) throw noSuchDomain();
  return toDomain(row);
}

/** @throws AppError `conflict` when it is there already. */
export async function createDomain(ctx: Context, { domain: name }: CreateDomainInput): Promise<Domain> {
  const { db, clock } = ctx.deps;
  return withAudit(ctx, { action: "domains.create", targets: [name] }, async () => {
    const data = { name, unicodeName: toUnicodeName(name), createdAt: clock.now() };
    const row = await db.domain.create({ data, include: withCount }).catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new AppError("conflict", "This domain is there already.", { cause: error });
    });
    return toDomain(row);
  });
}

/** With its aliases. @throws AppError `not_found` */
export async function deleteDomain(ctx: Context, { id }: DomainInput): Promise<DeletedDomain> {
  const { db } = ctx.deps;
  const known = await db.domain.findUnique({ where: { id }, select: { name: true } });
  return withAudit(ctx, { action: "domains.delete", targets: [known?.name ?? String(id)] }, () =>
    db.$transaction(async (tx) => {
      await takeLock(tx, "aliases");
      const aliasesDeleted = await tx.alias.count({ where: { domainId: id } });
      const { count } = await tx.domain.deleteMany({ where: { id } });
      if (count === 0) throw noSuchDomain();
      return { success: true as const, aliasesDeleted };
    }),
  );
}

function noSuchDomain(): AppError {
  return new AppError("not_found", "There is no such domain.");
}

function toDomain({ id, name, unicodeName, createdAt, _count }: DomainRow): Domain {
  return { id, domain: name, unicode: unicodeName, aliasCount: _count.aliases, createdAt };
}
