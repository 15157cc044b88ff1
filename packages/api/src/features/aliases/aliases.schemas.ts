import { z } from "zod";
import { orderField, pageFields, pageOutput } from "../../listing.ts";
import { Instant, rowIdParam, textParam } from "../../rest-input.ts";
import { DomainIdParam } from "../domains/domains.schemas.ts";
import { addressCharsMax, toAddress, toAliasSource } from "./address.ts";

const destinationsMax = 100;

const exampleAlias = {
  id: 5,
  domainId: 3,
  domain: "example.com",
  source: "info@example.com",
  destinations: ["anna@example.com", "ben@example.net"],
  catchAll: false,
  createdAt: "2026-01-29T10:00:00.000Z",
  updatedAt: "2026-01-29T10:00:00.000Z",
};

/** What is stored of a text, or an issue. */
function normalised(read: (text: string) => string | undefined, otherwise: string) {
  return z
    .string()
    .max(addressCharsMax)
    .trim()
    .transform((text, ctx) => {
      const value = read(text);
      if (value !== undefined) return value;
      ctx.addIssue(otherwise);
      return z.NEVER;
    });
}

const Address = normalised(toAddress, "is not a mail address");
const Destinations = z
  .array(Address)
  .min(1)
  .max(destinationsMax)
  .transform((addresses) => [...new Set(addresses)])
  .meta({ description: "Mail addresses, kept in lower case and punycode; they need not be in a domain of ours." });

const AliasIdParam = rowIdParam("The alias's number.");

export const Alias = z
  .object({
    id: z.int(),
    domainId: z.int(),
    domain: z.string(),
    source: z.string(),
    destinations: z.array(z.string()),
    catchAll: z.boolean().meta({ description: "It is for every name of the domain that has no alias of its own." }),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: "Alias", examples: [exampleAlias] });
export type Alias = z.infer<typeof Alias>;

export const ListAliasesInput = z.strictObject({
  ...pageFields,
  order: orderField,
  domainId: DomainIdParam.optional(),
  search: textParam({ charsMax: addressCharsMax, description: "Text within the source." }).optional(),
  destination: Address.optional().meta({ description: "Only aliases that lead to this address." }),
});
export type ListAliasesInput = z.infer<typeof ListAliasesInput>;

export const ListAliasesOutput = pageOutput(Alias).meta({
  examples: [{ items: [exampleAlias], total: 1, page: 1, limit: 50, pages: 1 }],
});
export type ListAliasesOutput = z.infer<typeof ListAliasesOutput>;

export const AliasInput = z.strictObject({ id: AliasIdParam });
export type AliasInput = z.infer<typeof AliasInput>;

export const CreateAliasInput = z
  .strictObject({
    source: normalised(toAliasSource, "is neither a mail address nor @ and a domain").meta({
      description: "An address in one of our domains; `@example.com` for all its names without an alias of their own.",
    }),
    destinations: Destinations,
  })
  .meta({ examples: [{ source: "info@example.com", destinations: ["anna@example.com", "ben@example.net"] }] });
export type CreateAliasInput = z.infer<typeof CreateAliasInput>;

export const UpdateAliasInput = z
  .strictObject({ id: AliasIdParam, destinations: Destinations })
  .meta({ examples: [{ destinations: ["anna@example.com"] }] });
export type UpdateAliasInput = z.infer<typeof UpdateAliasInput>;
