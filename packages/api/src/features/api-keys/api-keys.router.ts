import { permittedSessionProcedure, router, sessionProcedure } from "../../trpc.ts";
import { Success } from "../auth/auth.schemas.ts";
import {
  ApiKeyInput,
  CreateApiKeyInput,
  CreatedApiKey,
  ListApiKeysInput,
  ListApiKeysOutput,
  ListUserApiKeysInput,
  UserApiKeyInput,
} from "./api-keys.schemas.ts";
import {
  createApiKey,
  listOwnApiKeys,
  listUserApiKeys,
  revokeOwnApiKey,
  revokeUserApiKey,
} from "./api-keys.service.ts";

const tags = ["API keys"];
const access = "signed-in";
const permission = "MANAGE_USERS";

export const apiKeysRouter = router({
  list: sessionProcedure
    .meta({
      access,
      openapi: {
        method: "GET",
        path: "/api-keys",
        tags,
        summary: "List my API keys",
        description: "Newest first, with those that are revoked or expired. The keys themselves are shown nowhere.",
      },
    })
    .input(ListApiKeysInput)
    .output(ListApiKeysOutput)
    .query(({ ctx, input }) => listOwnApiKeys(ctx, input)),

  create: sessionProcedure
    .meta({
      access,
      openapi: {
        method: "POST",
        path: "/api-keys",
        tags,
        summary: "Create an API key",
        description:
          "Send the key as `Authorization: Bearer rgw_...` or `X-API-Key: rgw_...`. It may do what is among its scopes and allowed to you at the time.",
      },
    })
    .input(CreateApiKeyInput)
    .output(CreatedApiKey)
    .mutation(({ ctx, input }) => createApiKey(ctx, input)),

  revoke: sessionProcedure
    .meta({
      access,
      openapi: {
        method: "DELETE",
        path: "/api-keys/{id}",
        tags,
        summary: "Revoke one of my API keys",
        description: "It stops working within a second, for good.",
      },
    })
    .input(ApiKeyInput)
    .output(Success)
    .mutation(({ ctx, input }) => revokeOwnApiKey(ctx, input)),

  listOfUser: permittedSessionProcedure
    .meta({
      permission,
      openapi: { method: "GET", path: "/users/{id}/api-keys", tags, summary: "List the API keys of an account" },
    })
    .input(ListUserApiKeysInput)
    .output(ListApiKeysOutput)
    .query(({ ctx, input }) => listUserApiKeys(ctx, input)),

  revokeOfUser: permittedSessionProcedure
    .meta({
      permission,
      openapi: {
        method: "DELETE",
        path: "/users/{id}/api-keys/{keyId}",
        tags,
        summary: "Revoke an API key of an account",
      },
    })
    .input(UserApiKeyInput)
    .output(Success)
    .mutation(({ ctx, input }) => revokeUserApiKey(ctx, input)),
});
