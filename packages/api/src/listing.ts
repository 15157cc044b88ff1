import { z } from "zod";
import { intParam } from "./rest-input.ts";

const pageSizeMax = 200;

interface PageInput {
  page: number;
  limit: number;
}

/** The fields by which every list of our own tables is turned over. */
export const pageFields = {
  page: intParam({ min: 1, max: 1_000_000, description: "Page number, from 1.", fallback: 1 }).default(1),
  limit: intParam({ min: 1, max: pageSizeMax, description: "Items on a page.", fallback: 50 }).default(50),
};

export const orderField = z.enum(["asc", "desc"]).default("asc");

const Count = z.int().min(0);

export function pageOutput<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    total: Count.meta({ description: "Matching items on all pages." }),
    page: Count,
    limit: Count,
    pages: Count,
  });
}

/** For Prisma's `findMany`. */
export function pageWindow({ page, limit }: PageInput): { skip: number; take: number } {
  return { skip: (page - 1) * limit, take: limit };
}

export function toPage<Item>(items: Item[], total: number, { page, limit }: PageInput) {
  return { items, total, page, limit, pages: Math.ceil(total / limit) };
}

/** Text anywhere within a column, in any case. Prisma leaves LIKE's wildcards as they are. */
export function containing(text: string) {
  return { contains: text.replaceAll(/[\\%_]/g, "\\$&"), mode: "insensitive" as const };
}
