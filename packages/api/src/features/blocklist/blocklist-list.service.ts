import { ConfigFileError } from "@robin/config-files";
import type { Db, Prisma } from "@robin/db";
import type { Context } from "../../context.ts";
import { containing } from "../../listing.ts";
import { blocklistFile, handWritten } from "./blocklist-file.ts";
import type { BlocklistFilter, BlocklistStatus, ListBlocklistInput, ListBlocklistOutput } from "./blocklist.schemas.ts";
import { toEntry } from "./blocklist.service.ts";
import { inForce, notConfigured } from "./projection.ts";

export async function listEntries({ deps: { db } }: Context, input: ListBlocklistInput): Promise<ListBlocklistOutput> {
  const { page, limit, covers } = input;
  const where: Prisma.BlocklistEntryWhereInput = {
    ...filterOf(input),
    ...(covers && { id: { in: await idsCovering(db, covers.value) } }),
  };
  const [totalCount, rows] = await Promise.all([
    db.blocklistEntry.count({ where }),
    db.blocklistEntry.findMany({ where, orderBy: orderOf(input), skip: page * limit, take: limit }),
  ]);
  return { items: rows.map(toEntry), totalCount, page, limit };
}

export function filterOf({ type, active, search }: BlocklistFilter): Prisma.BlocklistEntryWhereInput {
  return {
    ...(type && { type }),
    ...(active !== undefined && { active }),
    ...(search !== undefined && { OR: [{ value: containing(search) }, { reason: containing(search) }] }),
  };
}

/** How Robin stands to the list, for whoever wonders why an entry has no effect. */
export async function getStatus({ deps }: Context): Promise<BlocklistStatus> {
  const { db, clock, configFolder } = deps;
  const [inForceNow, state] = await Promise.all([
    db.blocklistEntry.count({ where: inForce(clock.now()) }),
    db.blocklistProjection.findUnique({ where: { id: 1 } }),
  ]);
  const known = { configured: configFolder !== undefined, inForce: inForceNow };
  if (!configFolder) return { ...known, handWritten: 0, problem: notConfigured };
  const projectedAt = state?.projectedAt ?? undefined;
  try {
    const file = await configFolder.read(blocklistFile);
    const problem = state?.problem ?? (await configFolder.obstacle())?.message;
    return {
      ...known,
      ...(file && { enabled: file.value.enabled === true }),
      handWritten: handWritten(file).size,
      ...(projectedAt && { projectedAt }),
      ...(problem !== undefined && { problem }),
    };
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    return { ...known, handWritten: 0, ...(projectedAt && { projectedAt }), problem: error.message };
  }
}

/** At most one for each length of a prefix. */
async function idsCovering(db: Db, network: string): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT id FROM gateway_blocklist_entries WHERE network >>= ${network}::inet`;
  return rows.map(({ id }) => id);
}

function orderOf({ sort, order }: ListBlocklistInput): Prisma.BlocklistEntryOrderByWithRelationInput[] {
  if (sort === "value") return [{ network: { sort: order, nulls: "last" } }, { value: order }];
  if (sort === "expiresAt") return [{ expiresAt: { sort: order, nulls: "last" } }, { id: order }];
  return [{ createdAt: order }, { id: order }];
}
