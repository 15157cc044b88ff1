import type { ApiKey as ApiKeyRow } from "@robin/db";
import type { Context, SessionContext } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { pageWindow, toPage } from "../../listing.ts";
import { Permission } from "../../permissions.ts";
import { withAudit } from "../audit/audit.service.ts";
import { requireUser, targetOf } from "../users/users.service.ts";
import { hashOfApiKey, newApiKey } from "./api-key.ts";
import type {
  ApiKey,
  ApiKeyInput,
  CreateApiKeyInput,
  CreatedApiKey,
  ListApiKeysInput,
  ListApiKeysOutput,
  ListUserApiKeysInput,
  UserApiKeyInput,
} from "./api-keys.schemas.ts";

/** @throws AppError `forbidden` for scopes that the caller has not, `invalid_input` for an expiry that has passed. */
export async function createApiKey(ctx: SessionContext, input: CreateApiKeyInput): Promise<CreatedApiKey> {
  const { deps, principal } = ctx;
  const { name, scopes, expiresAt } = input;
  return withAudit(ctx, { action: "apiKeys.create", targets: [name] }, async () => {
    const tooMuch = scopes.filter((scope) => !principal.permissions.includes(scope));
    if (tooMuch.length > 0) {
      throw new AppError("forbidden", `You cannot give a key what you may not do yourself: ${tooMuch.join(", ")}.`);
    }
    const now = deps.clock.now();
    if (expiresAt && expiresAt <= now) {
      const issues = [{ path: "expiresAt", message: "has passed already" }];
      throw new AppError("invalid_input", "The input is not valid.", { issues });
    }
    const key = newApiKey();
    const row = await deps.db.apiKey.create({
      data: {
        userId: principal.userId,
        name,
        scopes,
        keyHash: hashOfApiKey(key),
        createdAt: now,
        expiresAt: expiresAt ?? null,
      },
    });
    return { ...toApiKey(row, now), key };
  });
}

/** The caller's keys, newest first, with those that work no longer. */
export function listOwnApiKeys(ctx: SessionContext, input: ListApiKeysInput): Promise<ListApiKeysOutput> {
  return listApiKeys(ctx, { ...input, id: ctx.principal.userId });
}

/** @throws AppError `not_found` */
export async function listUserApiKeys(ctx: Context, input: ListUserApiKeysInput): Promise<ListApiKeysOutput> {
  await requireUser(ctx, input.id);
  return listApiKeys(ctx, input);
}

/** @throws AppError `not_found` when it is no key of the caller, or revoked already. */
export async function revokeOwnApiKey(ctx: SessionContext, { id }: ApiKeyInput): Promise<{ success: true }> {
  return withAudit(ctx, { action: "apiKeys.revoke", targets: [id] }, () =>
    revokeOne(ctx, { id, userId: ctx.principal.userId }),
  );
}

/** @throws AppError `not_found` when it is no key of this user, or revoked already. */
export async function revokeUserApiKey(ctx: Context, { id, keyId }: UserApiKeyInput): Promise<{ success: true }> {
  return withAudit(ctx, { action: "apiKeys.revokeOfUser", targets: [await targetOf(ctx, id), keyId] }, () =>
    revokeOne(ctx, { id: keyId, userId: id }),
  );
}

async function listApiKeys({ deps }: Context, input: ListUserApiKeysInput): Promise<ListApiKeysOutput> {
  const where = { userId: input.id };
  const [total, rows] = await Promise.all([
    deps.db.apiKey.count({ where }),
    deps.db.apiKey.findMany({ where, orderBy: [{ createdAt: "desc" }, { id: "desc" }], ...pageWindow(input) }),
  ]);
  const now = deps.clock.now();
  return toPage(
    rows.map((row) => toApiKey(row, now)),
    total,
    input,
  );
}

/** It stops working within a second, in every process. */
async function revokeOne({ deps }: Context, which: { id: string; userId: number }): Promise<{ success: true }> {
  const { count } = await deps.db.apiKey.updateMany({
    where: { ...which, revokedAt: null },
    data: { revokedAt: deps.clock.now() },
  });
  if (count === 0) throw new AppError("not_found", "There is no such key, or it is revoked already.");
  await deps.events.publish("user.changed", { userId: which.userId });
  return { success: true };
}

function toApiKey(row: ApiKeyRow, now: Date): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: Permission.options.filter((permission) => row.scopes.includes(permission)),
    active: row.revokedAt === null && (row.expiresAt === null || row.expiresAt > now),
    createdAt: row.createdAt,
    ...(row.expiresAt && { expiresAt: row.expiresAt }),
    ...(row.lastUsedAt && { lastUsedAt: row.lastUsedAt }),
    ...(row.revokedAt && { revokedAt: row.revokedAt }),
  };
}
