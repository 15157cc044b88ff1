export {
  createApiKey,
  createAuditEvent,
  createRefreshToken,
  createSession,
  createUser,
  type UserWithRoles,
} from "./factories.ts";
export { testRedisUrl } from "./provided.ts";
export { createEmptyDatabase, createTestDatabase, type TestDatabase } from "./test-database.ts";
