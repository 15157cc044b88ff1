import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createApiKey,
  createAuditEvent,
  createRefreshToken,
  createSession,
  createTestDatabase,
  createUser,
  type TestDatabase,
} from "./index.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe("factories", () => {
  it("makes a user with a unique name and ROLE_USER when nothing is given", async () => {
    const [first, second] = [await createUser(database.db), await createUser(database.db)];
    expect(first.username).not.toBe(second.username);
    expect(first.roles).toEqual([{ userId: first.id, role: "ROLE_USER" }]);
  });

  it("keeps what a test states", async () => {
    const user = await createUser(database.db, { username: "anna", roles: ["ROLE_ADMIN", "ROLE_READONLY"] });
    expect(user).toMatchObject({ username: "anna", email: "anna" });
    expect(user.roles.map(({ role }) => role)).toEqual(["ROLE_ADMIN", "ROLE_READONLY"]);
    expect(await createSession(database.db, { userId: user.id, userAgent: "curl" })).toMatchObject({
      userId: user.id,
      userAgent: "curl",
    });
  });

  it("makes the rows that a row needs", async () => {
    const token = await createRefreshToken(database.db);
    const session = await database.db.session.findUniqueOrThrow({
      where: { id: token.sessionId },
      include: { user: true },
    });
    expect(session.user.username).toMatch(/^user-/);
    expect(session.expiresAt.getTime()).toBeGreaterThan(Date.now());
    expect(await createApiKey(database.db)).toMatchObject({ name: "test", scopes: [], revokedAt: null });
    expect(await createAuditEvent(database.db)).toMatchObject({ outcome: "SUCCEEDED", actorId: null });
  });
});

describe("createTestDatabase", () => {
  it("gives each caller a database of its own", async () => {
    const other = await createTestDatabase();
    await createUser(other.db, { username: "only here" });
    expect(await database.db.user.count({ where: { username: "only here" } })).toBe(0);
    await other.drop();
  });
});
