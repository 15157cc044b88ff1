import type { Context } from "../../context.ts";
import { toAppError } from "../../translate-error.ts";

interface AuditActor {
  id: number;
  username: string;
}

/** What a running mutation can still add to its audit row. */
export interface AuditEntry {
  /** Who acts. The caller by default; sign-in sets it once it knows. */
  actor: AuditActor | undefined;
}

/**
 * Runs a mutation under an audit row: written as STARTED before, completed with the outcome after. Without the row
 * nothing runs, so no change goes unrecorded; a row that stays STARTED means that the process died in between.
 */
export async function withAudit<Result>(
  ctx: Context,
  { action, targets }: { action: string; targets: readonly string[] },
  run: (entry: AuditEntry) => Promise<Result>,
): Promise<Result> {
  const { db, clock, logger } = ctx.deps;
  const caller = ctx.principal && { id: ctx.principal.userId, username: ctx.principal.username };
  const { id } = await db.auditEvent.create({
    data: {
      action,
      targets: [...targets],
      occurredAt: clock.now(),
      actorId: caller?.id ?? null,
      actorUsername: caller?.username ?? null,
      requestId: ctx.requestId,
      ipAddress: ctx.ipAddress,
    },
    select: { id: true },
  });
  const entry: AuditEntry = { actor: caller };

  const complete = async (outcome: { outcome: "SUCCEEDED" } | { outcome: "FAILED"; errorCode: string }) => {
    const actor = { actorId: entry.actor?.id ?? null, actorUsername: entry.actor?.username ?? null };
    await db.auditEvent
      .update({ where: { id }, data: { ...outcome, ...actor, finishedAt: clock.now() } })
      // The change itself is done by now and must be reported as such; the row stays STARTED.
      .catch((err: unknown) => {
        logger.error({ err, requestId: ctx.requestId, action }, "audit row could not be completed");
      });
  };

  try {
    const result = await run(entry);
    await complete({ outcome: "SUCCEEDED" });
    return result;
  } catch (error) {
    await complete({ outcome: "FAILED", errorCode: toAppError(error).code });
    throw error;
  }
}
