import { createDb, type Db } from "@robin/db";
import { createTestDatabase, createUser, type TestDatabase } from "@robin/db/testing";
import { RobinError } from "@robin/sdk";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../errors.ts";
import { withAudit } from "./audit.service.ts";

const start = new Date("2026-03-01T12:00:00Z");

let database: TestDatabase;
let db: Db;
let anna: { id: number; username: string };
beforeAll(async () => {
  database = await createTestDatabase();
  ({ db } = database);
  anna = await createUser(db);
});
afterAll(() => database.drop());

let now: Date;
let errors: { fields: object; message: string }[];
beforeEach(() => {
  now = start;
  errors = [];
});

const silent = () => undefined;

/** A request of Anna's. */
function request({ user = anna, over = db } = {}) {
  const principal = {
    userId: user.id,
    username: user.username,
    roles: [],
    permissions: [],
    sessionId: randomUUID(),
  };
  return {
    deps: {
      db: over,
      clock: { now: () => now },
      logger: {
        info: silent,
        warn: silent,
        error: (fields: object, message: string) => void errors.push({ fields, message }),
      },
    },
    requestId: randomUUID(),
    ipAddress: "192.0.2.1",
    principal,
  };
}

const rowsOf = ({ requestId }: { requestId: string }) => db.auditEvent.findMany({ where: { requestId } });
const what = { action: "queue.retry", targets: ["one", "two"] };

/** While `run` lasts, no audit row can be completed. */
async function withoutUpdates(run: () => Promise<void>): Promise<void> {
  await db.$executeRaw`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'rows are read-only'; END $$`;
  await db.$executeRaw`CREATE TRIGGER refuse BEFORE UPDATE ON gateway_audit_events EXECUTE FUNCTION refuse()`;
  try {
    await run();
  } finally {
    await db.$executeRaw`DROP FUNCTION refuse CASCADE`;
  }
}

describe("withAudit", () => {
  it("writes the row before the change runs, and completes it after", async () => {
    const ctx = request();
    const result = await withAudit(ctx, what, async () => {
      expect(await rowsOf(ctx)).toEqual([
        expect.objectContaining({ ...what, outcome: "STARTED", occurredAt: start, finishedAt: null, errorCode: null }),
      ]);
      now = new Date(start.getTime() + 1500);
      return "the result";
    });
    expect(result).toBe("the result");
    expect(await rowsOf(ctx)).toEqual([
      {
        id: expect.any(String) as string,
        ...what,
        outcome: "SUCCEEDED",
        apiKeyId: null,
        apiKeyName: null,
        errorCode: null,
        occurredAt: start,
        finishedAt: now,
        actorId: anna.id,
        actorUsername: anna.username,
        requestId: ctx.requestId,
        ipAddress: "192.0.2.1",
      },
    ]);
  });

  it.each([
    ["forbidden", new AppError("forbidden", "no")],
    [
      "upstream_timeout",
      new RobinError({ kind: "timeout", service: "client", endpoint: "queue.retry", message: "late" }),
    ],
    ["internal", new Error("a defect")],
  ])("notes a failure as %s and throws what was thrown", async (errorCode, thrown) => {
    const ctx = request();
    const running = withAudit(ctx, what, () => {
      throw thrown;
    });
    await expect(running).rejects.toBe(thrown);
    expect(await rowsOf(ctx)).toEqual([expect.objectContaining({ outcome: "FAILED", errorCode, actorId: anna.id })]);
  });

  it("has no actor for a caller who is not signed in", async () => {
    const ctx = { ...request(), principal: undefined };
    await withAudit(ctx, what, () => Promise.resolve());
    expect(await rowsOf(ctx)).toMatchObject([{ outcome: "SUCCEEDED", actorId: null, actorUsername: null }]);
  });

  it("takes the actor that only the change finds out, in success and in failure", async () => {
    for (const fails of [false, true]) {
      const ctx = { ...request(), principal: undefined };
      const running = withAudit(ctx, what, (entry) => {
        entry.actor = anna;
        return fails ? Promise.reject(new AppError("forbidden", "no")) : Promise.resolve();
      });
      await (fails ? expect(running).rejects.toThrow("no") : running);
      expect(await rowsOf(ctx)).toMatchObject([{ actorId: anna.id, actorUsername: anna.username }]);
    }
  });

  it("runs nothing when the row cannot be written", async () => {
    const away = createDb("postgresql://nobody@127.0.0.1:1/none");
    let ran = false;
    const running = withAudit(request({ over: away }), what, () => {
      ran = true;
      return Promise.resolve();
    });
    await expect(running).rejects.toThrow();
    expect(ran).toBe(false);
    await away.$disconnect();
  });

  it("reports the change as done although the row could not be completed, and logs it", async () => {
    const ctx = request();
    await withoutUpdates(async () => {
      expect(await withAudit(ctx, what, () => Promise.resolve("done"))).toBe("done");
    });
    expect(await rowsOf(ctx)).toMatchObject([{ outcome: "STARTED", finishedAt: null }]);
    expect(errors).toEqual([
      {
        fields: { err: expect.any(Error) as Error, requestId: ctx.requestId, action: "queue.retry" },
        message: "audit row could not be completed",
      },
    ]);
  });

  it("throws the change's own error also when the row could not be completed", async () => {
    const thrown = new AppError("conflict", "the change's own");
    await withoutUpdates(async () => {
      await expect(withAudit(request(), what, () => Promise.reject(thrown))).rejects.toBe(thrown);
    });
  });

  it("keeps targets that PostgreSQL cannot store, with a mark in their place", async () => {
    const ctx = request();
    await withAudit(ctx, { action: "queue.retry", targets: ["a\0b", "c\ud800d", "e\u{1F4E7}"] }, () =>
      Promise.resolve(),
    );
    expect(await rowsOf(ctx)).toMatchObject([{ targets: ["a\ufffdb", "c\ufffdd", "e\u{1F4E7}"] }]);
  });

  it("keeps a thousand targets of full length", async () => {
    const ctx = request();
    const targets = Array.from({ length: 1000 }, (_, index) => String(index).padEnd(200, "x"));
    await withAudit(ctx, { action: "queue.retry", targets }, () => Promise.resolve());
    expect(await rowsOf(ctx)).toMatchObject([{ outcome: "SUCCEEDED", targets }]);
  });

  it("completes the row of somebody whose account the change deleted, and keeps the name", async () => {
    const leaving = await createUser(db);
    const ctx = request({ user: leaving });
    await withAudit(ctx, { action: "users.delete", targets: [leaving.username] }, async () => {
      await db.user.delete({ where: { id: leaving.id } });
    });
    expect(await rowsOf(ctx)).toMatchObject([
      { outcome: "SUCCEEDED", actorId: null, actorUsername: leaving.username, finishedAt: start },
    ]);
    expect(errors).toEqual([]);
  });

  it("refuses a caller whose account was deleted a moment ago, and runs nothing", async () => {
    const gone = await createUser(db);
    await db.user.delete({ where: { id: gone.id } });
    let ran = false;
    const running = withAudit(request({ user: gone }), what, () => {
      ran = true;
      return Promise.resolve();
    });
    await expect(running).rejects.toMatchObject({ code: "unauthenticated" });
    expect(ran).toBe(false);
  });
});
