import type { Prisma } from "@robin/db";

/** Numbers of PostgreSQL's advisory locks; what shares one runs one after the other, in every process. */
export const locks = {
  /** The first administrator, and whatever could leave nobody in charge. */
  administrators: 815_001,
  /** Two aliases that are each harmless can make a loop together. */
  aliases: 815_002,
  /** Changes are merged into what is there. */
  documents: 815_003,
  /** Whoever writes Robin's file has read the table after the one who wrote before. */
  blocklist: 815_004,
  /** The same bulk run is not ordered twice, and there are not too many. */
  queueBulk: 815_005,
  /** Two workers that evaluate alerts at once would tell of each twice. */
  alerts: 815_006,
} as const;

/** Waits for the lock, which the transaction keeps until its end. What it reads afterwards is up to date. */
export async function takeLock(tx: Prisma.TransactionClient, lock: keyof typeof locks): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(${locks[lock]})`;
}
