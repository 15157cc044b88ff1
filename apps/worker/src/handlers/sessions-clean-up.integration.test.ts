import {
  createAuditEvent,
  createRefreshToken,
  createSession,
  createTestDatabase,
  createUser,
  type TestDatabase,
} from "@robin/db/testing";
import { createLocalEvents } from "@robin/events";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { absentRobin } from "../../test/absent-robin.ts";
import type { JobContext } from "../handler.ts";
import { sessionsCleanUp } from "./sessions-clean-up.ts";

const now = new Date("2027-03-31T12:00:00.000Z");
const payload = { keepDays: 30, batchSize: 2 };

/** So many days, and optionally milliseconds, before `now`. */
function daysAgo(days: number, ms = 0): Date {
  return new Date(now.getTime() - days * 24 * 60 * 60 * 1000 - ms);
}

describe("sessions.cleanUp", () => {
  let database: TestDatabase;
  let context: JobContext;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.db.user.deleteMany();
    context = {
      db: database.db,
      events: createLocalEvents(pino({ level: "silent" })),
      robin: absentRobin(),
      logger: pino({ level: "silent" }),
      signal: new AbortController().signal,
      now: () => now,
    };
  });

  async function sessionIds(): Promise<string[]> {
    return (await database.db.session.findMany({ select: { id: true } })).map(({ id }) => id).sort();
  }

  it("deletes what ended more than 30 days ago and nothing else", async () => {
    const { db } = database;
    const future = daysAgo(-7);
    const living = await createSession(db, { expiresAt: future });
    const expiredLately = await createSession(db, { expiresAt: daysAgo(29) });
    const expiredJustNow = await createSession(db, { expiresAt: daysAgo(30) });
    const revokedLately = await createSession(db, {
      expiresAt: future,
      revokedAt: daysAgo(30),
      revokedReason: "LOGOUT",
    });
    const kept = [living, expiredLately, expiredJustNow, revokedLately].map(({ id }) => id);
    const expired = await createSession(db, { expiresAt: daysAgo(30, 1) });
    const revoked = await createSession(db, {
      expiresAt: future,
      revokedAt: daysAgo(31),
      revokedReason: "TOKEN_REUSE",
    });
    for (const sessionId of [...kept, expired.id, revoked.id])
      await createRefreshToken(db, { sessionId, expiresAt: future });
    const usedLately = await createRefreshToken(db, {
      sessionId: living.id,
      expiresAt: daysAgo(29),
      usedAt: daysAgo(36),
    });
    await createRefreshToken(db, { sessionId: living.id, expiresAt: daysAgo(30, 1), usedAt: daysAgo(37) });
    await createAuditEvent(db, { occurredAt: daysAgo(400) });
    const users = await db.user.count();

    expect(await sessionsCleanUp.run(payload, context)).toEqual({ refreshTokens: 3, sessions: 2 });

    expect(await sessionIds()).toEqual(kept.sort());
    expect(await db.refreshToken.count()).toBe(5);
    expect(await db.refreshToken.count({ where: { tokenHash: usedLately.tokenHash } })).toBe(1);
    expect(await db.user.count()).toBe(users);
    expect(await db.auditEvent.count()).toBe(1);
    expect(await db.session.findUnique({ where: { id: expiredLately.id } })).toEqual(expiredLately);
  });

  it("finds nothing to do the second time", async () => {
    await createRefreshToken(database.db, {
      sessionId: (await createSession(database.db, { expiresAt: daysAgo(31) })).id,
    });
    expect(await sessionsCleanUp.run(payload, context)).toEqual({ refreshTokens: 1, sessions: 1 });
    expect(await sessionsCleanUp.run(payload, context)).toEqual({ refreshTokens: 0, sessions: 0 });
  });

  it("may run twice at once", async () => {
    const { id: userId } = await createUser(database.db);
    for (let n = 0; n < 7; n += 1) await createSession(database.db, { userId, expiresAt: daysAgo(31) });
    await Promise.all([sessionsCleanUp.run(payload, context), sessionsCleanUp.run(payload, context)]);
    expect(await sessionIds()).toEqual([]);
  });

  it("goes through as many batches as it takes", async () => {
    const { id: userId } = await createUser(database.db);
    for (let n = 0; n < 5; n += 1) await createSession(database.db, { userId, expiresAt: daysAgo(31) });
    expect(await sessionsCleanUp.run(payload, context)).toEqual({ refreshTokens: 0, sessions: 5 });
  });

  it("ends between two batches when the worker stops", async () => {
    await createSession(database.db, { expiresAt: daysAgo(31) });
    const stopped = { ...context, signal: AbortSignal.abort() };
    expect(await sessionsCleanUp.run(payload, stopped)).toEqual({ refreshTokens: 0, sessions: 0 });
    expect(await sessionIds()).toHaveLength(1);
  });

  it("refuses a payload that is not its contract's", async () => {
    await expect(sessionsCleanUp.run({ keepDays: 0, batchSize: 2 }, context)).rejects.toThrow("keepDays");
    await expect(sessionsCleanUp.run({}, context)).rejects.toThrow();
  });
});
