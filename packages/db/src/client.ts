import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/client.ts";

export type Db = PrismaClient;

export type DbOptions = {
  /** Connections this process may hold at once. */
  maxConnections?: number;
};

/** Connects on first use, so it never fails itself. End it with `db.$disconnect()`. */
export function createDb(url: string, options: DbOptions = {}): Db {
  const adapter = new PrismaPg({ connectionString: url, max: options.maxConnections ?? 10 });
  return new PrismaClient({ adapter });
}
