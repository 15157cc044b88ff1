import { procedure, router } from "../../trpc.ts";
import {
  CreateDomainInput,
  DeletedDomain,
  Domain,
  DomainInput,
  ListDomainsInput,
  ListDomainsOutput,
} from "./domains.schemas.ts";
import { createDomain, deleteDomain, getDomain, listDomains } from "./domains.service.ts";

const tags = ["Domains"];

export const domainsRouter = router({
  list: procedure
    .meta({
      permission: "VIEW_DOMAINS",
      openapi: { method: "GET", path: "/domains", tags, summary: "List the domains", description: "Sorted by name." },
    })
    .input(ListDomainsInput)
    .output(ListDomainsOutput)
    .query(({ ctx, input }) => listDomains(ctx, input)),

  create: procedure
    .meta({
      permission: "MANAGE_DOMAINS",
      errors: ["conflict"],
      openapi: { method: "POST", path: "/domains", tags, summary: "Add a domain" },
    })
    .input(CreateDomainInput)
    .output(Domain)
    .mutation(({ ctx, input }) => createDomain(ctx, input)),

  get: procedure
    .meta({
      permission: "VIEW_DOMAINS",
      openapi: { method: "GET", path: "/domains/{id}", tags, summary: "Show a domain" },
    })
    .input(DomainInput)
    .output(Domain)
    .query(({ ctx, input }) => getDomain(ctx, input)),

  delete: procedure
    .meta({
      permission: "MANAGE_DOMAINS",
      openapi: { method: "DELETE", path: "/domains/{id}", tags, summary: "Delete a domain and its aliases" },
    })
    .input(DomainInput)
    .output(DeletedDomain)
    .mutation(({ ctx, input }) => deleteDomain(ctx, input)),
});
