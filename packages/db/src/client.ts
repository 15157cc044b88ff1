import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/client.ts";

export type Db = PrismaClient;

export type DbOptions = {
  /** Connections this process may hold at once. */
  maxConnections?: number;
  /** Milliseconds after which a statement is given up, waiting for locks included. */
  statementTimeoutMs?: number;
};

const connectTimeoutMs = 5000;
/** The server ends a late statement; this only notices when the server itself is gone. */
const networkGraceMs = 1000;

/** Connects on first use, so it never fails itself. End it with `db.$disconnect()`. */
export function createDb(url: string, options: DbOptions = {}): Db {
  const { maxConnections = 10, statementTimeoutMs = 60_000 } = options;
  const adapter = new PrismaPg({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + networkGraceMs,
  });
  return new PrismaClient({ adapter });
}
