import { procedure, router } from "../../trpc.ts";
import { Success } from "../auth/auth.schemas.ts";
import {
  Alias,
  AliasInput,
  CreateAliasInput,
  ListAliasesInput,
  ListAliasesOutput,
  UpdateAliasInput,
} from "./aliases.schemas.ts";
import { createAlias, deleteAlias, getAlias, listAliases, updateAlias } from "./aliases.service.ts";

const tags = ["Aliases"];

export const aliasesRouter = router({
  list: procedure
    .meta({
      permission: "VIEW_DOMAINS",
      openapi: { method: "GET", path: "/aliases", tags, summary: "List the aliases", description: "Sorted by source." },
    })
    .input(ListAliasesInput)
    .output(ListAliasesOutput)
    .query(({ ctx, input }) => listAliases(ctx, input)),

  create: procedure
    .meta({
      permission: "MANAGE_DOMAINS",
      errors: ["conflict"],
      openapi: {
        method: "POST",
        path: "/aliases",
        tags,
        summary: "Add an alias",
        description: "Chains of aliases are fine; one that leads back is refused, and the message names it.",
      },
    })
    .input(CreateAliasInput)
    .output(Alias)
    .mutation(({ ctx, input }) => createAlias(ctx, input)),

  get: procedure
    .meta({
      permission: "VIEW_DOMAINS",
      openapi: { method: "GET", path: "/aliases/{id}", tags, summary: "Show an alias" },
    })
    .input(AliasInput)
    .output(Alias)
    .query(({ ctx, input }) => getAlias(ctx, input)),

  update: procedure
    .meta({
      permission: "MANAGE_DOMAINS",
      errors: ["conflict"],
      openapi: { method: "PUT", path: "/aliases/{id}", tags, summary: "Replace the destinations of an alias" },
    })
    .input(UpdateAliasInput)
    .output(Alias)
    .mutation(({ ctx, input }) => updateAlias(ctx, input)),

  delete: procedure
    .meta({
      permission: "MANAGE_DOMAINS",
      errors: ["conflict"],
      openapi: {
        method: "DELETE",
        path: "/aliases/{id}",
        tags,
        summary: "Delete an alias",
        description: "Refused when its name would then fall to the alias of the whole domain and so into a loop.",
      },
    })
    .input(AliasInput)
    .output(Success)
    .mutation(({ ctx, input }) => deleteAlias(ctx, input)),
});
