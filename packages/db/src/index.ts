export { createDb, type Db, type DbOptions } from "./client.ts";
export { isDatabaseUnavailable, isUniqueViolation } from "./errors.ts";
export { migrate, type MigrateOptions } from "./migrate.ts";
export { DatabaseUnavailableError } from "./wait-for-database.ts";
export * from "./generated/client.ts";
