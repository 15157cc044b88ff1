import { z } from "zod";
import { orderField, pageFields, pageOutput } from "../../listing.ts";
import { Instant, rowIdParam, textParam } from "../../rest-input.ts";
import { domainCharsMax, toDomainName } from "./domain-name.ts";

const exampleDomain = {
  id: 3,
  domain: "xn--mnchen-3ya.example",
  unicode: "münchen.example",
  aliasCount: 2,
  createdAt: "2026-01-29T10:00:00.000Z",
};

export const DomainIdParam = rowIdParam("The domain's number.");

export const Domain = z
  .object({
    id: z.int(),
    domain: z.string().meta({ description: "In lower case; international names as punycode." }),
    unicode: z.string().meta({ description: "The same as people write it." }),
    aliasCount: z.int().min(0),
    createdAt: Instant,
  })
  .meta({ id: "Domain", examples: [exampleDomain] });
export type Domain = z.infer<typeof Domain>;

export const ListDomainsInput = z.strictObject({
  ...pageFields,
  order: orderField,
  search: textParam({
    charsMax: domainCharsMax,
    description: "Text within the name, as punycode or as people write it.",
  }).optional(),
});
export type ListDomainsInput = z.infer<typeof ListDomainsInput>;

export const ListDomainsOutput = pageOutput(Domain).meta({
  examples: [{ items: [exampleDomain], total: 1, page: 1, limit: 50, pages: 1 }],
});
export type ListDomainsOutput = z.infer<typeof ListDomainsOutput>;

export const DomainInput = z.strictObject({ id: DomainIdParam });
export type DomainInput = z.infer<typeof DomainInput>;

export const CreateDomainInput = z
  .strictObject({
    domain: z
      .string()
      .max(domainCharsMax)
      .trim()
      .transform((text, ctx) => {
        const name = toDomainName(text);
        if (name !== undefined) return name;
        ctx.addIssue("is not a domain name");
        return z.NEVER;
      })
      .meta({
        description: "In any case, at least two labels; international names as punycode or as people write them.",
      }),
  })
  .meta({ examples: [{ domain: "example.com" }] });
export type CreateDomainInput = z.infer<typeof CreateDomainInput>;

export const DeletedDomain = z
  .object({ success: z.literal(true), aliasesDeleted: z.int().min(0) })
  .meta({ examples: [{ success: true, aliasesDeleted: 2 }] });
export type DeletedDomain = z.infer<typeof DeletedDomain>;
