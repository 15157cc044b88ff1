import { z } from "zod";
import { pageFields, pageOutput } from "../../listing.ts";
import { Permission } from "../../permissions.ts";
import { Instant, instantParam, textParam } from "../../rest-input.ts";
import { UserIdParam } from "../users/users.schemas.ts";

const exampleKey = {
  id: "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e71",
  name: "Nightly report",
  scopes: ["VIEW_QUEUE" as const, "VIEW_METRICS" as const],
  active: true,
  createdAt: "2026-01-29T10:00:00.000Z",
  expiresAt: "2027-01-29T10:00:00.000Z",
};

const KeyId = z.uuid().meta({ description: "The key's id as the list gives it." });

export const ApiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(Permission).meta({ description: "What the key may do, as long as its owner may do it." }),
    active: z.boolean().meta({ description: "Neither revoked nor expired." }),
    createdAt: Instant,
    expiresAt: Instant.optional().meta({ description: "Absent when it does not expire." }),
    lastUsedAt: Instant.optional().meta({ description: "To the minute; absent before the first use." }),
    revokedAt: Instant.optional(),
  })
  .meta({ id: "ApiKey", examples: [exampleKey] });
export type ApiKey = z.infer<typeof ApiKey>;

export const ListApiKeysInput = z.strictObject(pageFields);
export type ListApiKeysInput = z.infer<typeof ListApiKeysInput>;

export const ListUserApiKeysInput = z.strictObject({ id: UserIdParam, ...pageFields });
export type ListUserApiKeysInput = z.infer<typeof ListUserApiKeysInput>;

export const ListApiKeysOutput = pageOutput(ApiKey).meta({
  examples: [{ items: [exampleKey], total: 1, page: 1, limit: 50, pages: 1 }],
});
export type ListApiKeysOutput = z.infer<typeof ListApiKeysOutput>;

export const CreateApiKeyInput = z
  .strictObject({
    name: textParam({ charsMax: 100, description: "What it is for; audit rows show it." }).pipe(z.string().min(1)),
    scopes: z
      .array(Permission)
      .min(1)
      .max(Permission.options.length)
      .transform((scopes) => Permission.options.filter((permission) => scopes.includes(permission)))
      .meta({ description: "Some of the permissions that you have yourself." }),
    expiresAt: instantParam("When it stops working; never when left out.").optional(),
  })
  .meta({ examples: [{ name: "Nightly report", scopes: ["VIEW_QUEUE"], expiresAt: "2027-01-29T10:00:00.000Z" }] });
export type CreateApiKeyInput = z.infer<typeof CreateApiKeyInput>;

export const CreatedApiKey = ApiKey.extend({
  key: z.string().meta({ description: "The key itself. It is shown here and never again." }),
}).meta({
  id: "CreatedApiKey",
  examples: [{ ...exampleKey, key: "rgw_EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-EXA" }],
});
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;

export const ApiKeyInput = z.strictObject({ id: KeyId });
export type ApiKeyInput = z.infer<typeof ApiKeyInput>;

export const UserApiKeyInput = z.strictObject({ id: UserIdParam, keyId: KeyId });
export type UserApiKeyInput = z.infer<typeof UserApiKeyInput>;
