import type { Db } from "@robin/db";
import { permissionsOf } from "../../permissions.ts";
import type { Principal } from "../auth/authenticator.ts";
import { rolesOf } from "../auth/user-summary.ts";

/** `lastUsedAt` is for people; a write for each request would cost more than it tells. */
const lastUsedAccuracyMs = 60_000;

/** @returns undefined for an unknown, revoked or expired key, and for one whose owner may not sign in. */
export async function loadKeyOwner(
  db: Db,
  keyHash: Uint8Array<ArrayBuffer>,
  now: Date,
): Promise<Principal | undefined> {
  const key = await db.apiKey.findFirst({
    where: {
      keyHash,
      revokedAt: null,
      OR: [{ expiresAt: null }, { expiresAt: { gt: now } }],
      user: { disabledAt: null },
    },
    select: {
      id: true,
      name: true,
      scopes: true,
      lastUsedAt: true,
      user: { select: { id: true, username: true, roles: { select: { role: true } } } },
    },
  });
  if (!key) return undefined;
  await noteUse(db, key, now);
  const roles = rolesOf(key.user);
  return {
    userId: key.user.id,
    username: key.user.username,
    roles,
    permissions: permissionsOf(roles).filter((permission) => key.scopes.includes(permission)),
    apiKey: { id: key.id, name: key.name },
  };
}

/** The condition is in the statement as well: every process asks for itself. */
async function noteUse(db: Db, { id, lastUsedAt }: { id: string; lastUsedAt: Date | null }, now: Date): Promise<void> {
  const dueBefore = new Date(now.getTime() - lastUsedAccuracyMs);
  if (lastUsedAt && lastUsedAt > dueBefore) return;
  await db.apiKey.updateMany({
    where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lte: dueBefore } }] },
    data: { lastUsedAt: now },
  });
}
