import type { Prisma } from "@robin/db";
import type { SignedInContext } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { takeLock } from "../../locks.ts";
import { permissionsOf } from "../../permissions.ts";
import { rolesOf } from "../auth/user-summary.ts";

/**
 * Runs a change that could take away rights. Such changes run one after the other, so that two administrators who
 * delete each other at the same moment are told apart, and somebody always stays in charge.
 * @throws AppError `unauthenticated` or `forbidden` when the caller lost the right meanwhile, `conflict` when no enabled
 * administrator would be left; nothing has changed then.
 */
export async function keepingAnAdministrator<Result>(
  { deps, principal }: SignedInContext,
  run: (tx: Prisma.TransactionClient) => Promise<Result>,
): Promise<Result> {
  return deps.db.$transaction(async (tx) => {
    await takeLock(tx, "administrators");
    const caller = await tx.user.findFirst({
      where: { id: principal.userId, disabledAt: null },
      select: { roles: { select: { role: true } } },
    });
    if (!caller) throw new AppError("unauthenticated", "The session has ended. Sign in again.");
    if (!permissionsOf(rolesOf(caller)).includes("MANAGE_USERS")) {
      throw new AppError("forbidden", "This needs the permission MANAGE_USERS.");
    }
    const result = await run(tx);
    const left = await tx.user.count({ where: { disabledAt: null, roles: { some: { role: "ROLE_ADMIN" } } } });
    if (left === 0)
      throw new AppError("conflict", "This is the last enabled administrator; somebody has to stay in charge.");
    return result;
  });
}
