import { Prisma } from "@robin/db";
import type { Context, Deps } from "../../context.ts";
import { AppError } from "../../errors.ts";
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

export interface AuditedAction {
  action: string;
  targets: readonly string[];
}

type AuditContext = Pick<Context, "principal" | "requestId" | "ipAddress"> & {
  deps: Pick<Deps, "db" | "clock" | "logger">;
};

/**
 * Runs a mutation under an audit row: written as STARTED before, completed with the outcome after. Without the row
 * nothing runs, so no change goes unrecorded; a row that stays STARTED means that the process died in between.
 */
export async function withAudit<Result>(
  ctx: AuditContext,
  { action, targets }: AuditedAction,
  run: (entry: AuditEntry) => Promise<Result>,
): Promise<Result> {
  const { db, clock, logger } = ctx.deps;
  const caller = ctx.principal && { id: ctx.principal.userId, username: ctx.principal.username };
  const apiKey = ctx.principal?.apiKey;
  const { id } = await db.auditEvent
    .create({
      data: {
        action,
        targets: targets.map(storable),
        occurredAt: clock.now(),
        ...columnsOf(caller),
        ...(apiKey && { apiKeyId: apiKey.id, apiKeyName: apiKey.name }),
        requestId: ctx.requestId,
        ipAddress: ctx.ipAddress,
      },
      select: { id: true },
    })
    .catch((error: unknown) => {
      if (!isMissingActor(error)) throw error;
      throw new AppError("unauthenticated", "The session has ended. Sign in again.", { cause: error });
    });
  const entry: AuditEntry = { actor: caller };

  const complete = async (outcome: { outcome: "SUCCEEDED" } | { outcome: "FAILED"; errorCode: string }) => {
    // The caller's columns stay as they are: the change may have deleted the account they refer to.
    const actor = entry.actor === caller ? {} : columnsOf(entry.actor);
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

function columnsOf(actor: AuditActor | undefined) {
  return { actorId: actor?.id ?? null, actorUsername: actor?.username ?? null };
}

/** What a caller sends may hold a NUL or half a character, which PostgreSQL refuses. */
function storable(target: string): string {
  return target.toWellFormed().replaceAll("\0", "\ufffd");
}

/** The caller's account was deleted while the session was still believed. */
function isMissingActor(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === "P2003";
}
