import type { Prisma } from "@robin/db";
import { AppError } from "../../errors.ts";
import { catchAllOf } from "./address.ts";

/** Far more than hang together anywhere, but a bound for the time that a change takes while the others wait. */
const lookUpsMax = 10_000;
const levelsMax = 50;

/** Destinations by source, as they would be after a change; undefined for an alias that would be gone. */
export type AliasChange = ReadonlyMap<string, readonly string[] | undefined>;

/**
 * Follows an alias through the aliases that its destinations have in turn. A name without an alias of its own goes on
 * to the alias of its whole domain, except from that very alias: there it can only mean a mailbox.
 * @throws AppError `conflict` that names the loop when the chain leads back to `source`; also when there is no end to it.
 */
export async function refuseLoop(tx: Prisma.TransactionClient, source: string, change: AliasChange): Promise<void> {
  const known = new Map(change);
  await load(tx, known, [source]);
  const cameFrom = new Map<string, { alias: string; address: string }>();
  let level = [source];
  for (let depth = 0; level.length > 0; depth += 1) {
    const addresses = level.flatMap((alias) => known.get(alias) ?? []);
    await load(tx, known, addresses);
    await load(tx, known, addresses.map(catchAllOf));
    const next: string[] = [];
    for (const alias of level) {
      for (const address of known.get(alias) ?? []) {
        const target = aliasFor(known, address, alias);
        if (target === undefined) continue;
        if (target === source) throw loopError([...chainTo(cameFrom, alias), address], source);
        if (cameFrom.has(target)) continue;
        cameFrom.set(target, { alias, address });
        next.push(target);
      }
    }
    if (known.size > lookUpsMax || depth > levelsMax)
      throw new AppError("conflict", "Too many aliases hang together here to look for a loop.");
    level = next;
  }
}

function aliasFor(known: AliasChange, address: string, from: string): string | undefined {
  if (known.get(address)) return address;
  const catchAll = catchAllOf(address);
  return catchAll !== from && known.get(catchAll) ? catchAll : undefined;
}

/** Sources that have no alias are remembered as well, so that nothing is asked twice. */
async function load(
  tx: Prisma.TransactionClient,
  known: Map<string, readonly string[] | undefined>,
  sources: readonly string[],
): Promise<void> {
  const missing = [...new Set(sources)].filter((source) => !known.has(source));
  if (missing.length === 0) return;
  const rows = await tx.alias.findMany({
    where: { source: { in: missing } },
    select: { source: true, destinations: true },
  });
  for (const source of missing) known.set(source, undefined);
  for (const { source, destinations } of rows) known.set(source, destinations);
}

/** The addresses on the way to an alias, from the beginning. */
function chainTo(cameFrom: ReadonlyMap<string, { alias: string; address: string }>, alias: string): string[] {
  const chain: string[] = [];
  for (let step = cameFrom.get(alias); step; step = cameFrom.get(step.alias)) chain.unshift(step.address);
  return chain;
}

function loopError(addresses: readonly string[], source: string): AppError {
  const last = addresses.at(-1) === source ? [] : [source];
  const loop = [source, ...addresses, ...last].join(" → ");
  return new AppError("conflict", `This would send mail round in a loop: ${loop}.`);
}
