export { createDb, type Db, type DbOptions } from "./client.ts";
export { isDatabaseUnavailable } from "./errors.ts";
export { migrate, type MigrateOptions } from "./migrate.ts";
export * from "./generated/client.ts";
