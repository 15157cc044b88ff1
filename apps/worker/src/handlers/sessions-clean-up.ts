import type { Prisma } from "@robin/db";
import { contracts } from "@robin/jobs";
import { defineHandler } from "../handler.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** Calls `deleteBatch` until nothing is left or the worker stops, and returns the sum. */
async function inBatches(signal: AbortSignal, deleteBatch: () => Promise<number>): Promise<number> {
  let total = 0;
  while (!signal.aborted) {
    const deleted = await deleteBatch();
    if (deleted === 0) break;
    total += deleted;
  }
  return total;
}

/**
 * Forgets sessions and refresh tokens that ended more than `keepDays` ago. Until then they stay, so that the reuse of an
 * old token is still recognised and a session can be looked up.
 */
export const sessionsCleanUp = defineHandler(
  contracts.sessionsCleanUp,
  async ({ keepDays, batchSize }, { db, logger, signal, now }) => {
    const cutoff = new Date(now().getTime() - keepDays * dayMs);
    const ended = {
      OR: [{ expiresAt: { lt: cutoff } }, { revokedAt: { lt: cutoff } }],
    } satisfies Prisma.SessionWhereInput;

    // Tokens first: a session that takes thousands of them along would make one long statement.
    const refreshTokens = await inBatches(signal, async () => {
      const batch = await db.refreshToken.findMany({
        where: { OR: [{ expiresAt: { lt: cutoff } }, { session: ended }] },
        select: { tokenHash: true },
        take: batchSize,
      });
      const tokenHashes = batch.map(({ tokenHash }) => tokenHash);
      await db.refreshToken.deleteMany({ where: { tokenHash: { in: tokenHashes } } });
      return batch.length;
    });
    const sessions = await inBatches(signal, async () => {
      const batch = await db.session.findMany({ where: ended, select: { id: true }, take: batchSize });
      await db.session.deleteMany({ where: { id: { in: batch.map(({ id }) => id) } } });
      return batch.length;
    });
    if (refreshTokens + sessions > 0) logger.info({ refreshTokens, sessions }, "ended sessions deleted");
    return { refreshTokens, sessions };
  },
);
