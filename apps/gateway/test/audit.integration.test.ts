import { createAuditEvent } from "@robin/db/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { trpcClient } from "./trpc-client.ts";

let gateway: TestGateway;
let admin: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway();
  admin = await gateway.signIn("ROLE_ADMIN");
  await gateway.db.auditEvent.deleteMany();
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 29, 10, minute));
  const anna = { actorUsername: "anna@example.test" };
  const rows = [
    { action: "queue.retry", targets: ["uid-1", "uid-2"], ...anna },
    { action: "queue.retryMany", targets: ["uid-2"], outcome: "FAILED", errorCode: "upstream_timeout", ...anna },
    { action: "users.delete", targets: ["per%cent"], actorId: admin.userId, actorUsername: admin.username },
    { action: "auth.login", targets: ["nobody@example.test"], outcome: "STARTED" },
  ] as const;
  for (const [minute, { targets, ...row }] of rows.entries()) {
    await createAuditEvent(gateway.db, {
      ...row,
      targets: [...targets],
      occurredAt: at(minute),
      requestId: `r${minute}`,
    });
  }
});
afterAll(() => gateway.close());

const search = (query: string): Promise<Answer> => gateway.request(`/api/v1/audit${query}`, { token: admin.token });
const found = ({ body }: Answer) =>
  (body as { items: { requestId: string }[] }).items.map(({ requestId }) => requestId);

describe("GET /api/v1/audit", () => {
  it("200 newest first, in pages, without nulls", async () => {
    const answer = await search("");
    expect(found(answer)).toEqual(["r3", "r2", "r1", "r0"]);
    expect(answer.text).not.toContain("null");
    expect(answer.body).toMatchObject({
      total: 4,
      pages: 1,
      items: [
        { outcome: "STARTED", occurredAt: "2026-01-29T10:03:00.000Z" },
        { actorId: admin.userId },
        { errorCode: "upstream_timeout" },
        {},
      ],
    });
    const second = await search("?limit=3&page=2");
    expect(found(second)).toEqual(["r0"]);
    expect(second.body).toMatchObject({ total: 4, page: 2, pages: 2 });
  });

  it.each([
    ["an action", "action=queue.retry", ["r0"]],
    ["a group of actions", "action=queue.", ["r1", "r0"]],
    ["the actor, in any case", "actor=Anna%40Example.test", ["r1", "r0"]],
    ["no part of an actor", "actor=anna", []],
    ["an outcome", "outcome=FAILED", ["r1"]],
    ["a target among several", "target=uid-2", ["r1", "r0"]],
    ["a target with a wildcard taken as it is", "target=per%25cent", ["r2"]],
    ["a target with SQL in it", "target=%27%7D%3B--", []],
    ["a beginning, which counts", "from=2026-01-29T10:02:00Z", ["r3", "r2"]],
    ["an end, which does not count", "to=2026-01-29T10:01:00Z", ["r0"]],
    ["a span in another zone", "from=2026-01-29T11:01:00%2B01:00&to=2026-01-29T11:02:00%2B01:00", ["r1"]],
    ["all at once", "action=queue.&actor=anna@example.test&target=uid-1&outcome=SUCCEEDED", ["r0"]],
  ])("200 filtered by %s", async (_what, query, rows) => {
    expect(found(await search(`?${query}`))).toEqual(rows);
  });

  it.each([
    "from=yesterday",
    "from=2026-01-29",
    "from=2026-01-29T10:00:00",
    "to=1969-12-31T23:59:59Z",
    "to=%2B010000-01-01T00:00:00Z",
    "from=1769680800000",
    "action=%25",
    "action=queue",
    "outcome=DONE",
    "target=%00",
    "actor=%ED%A0%80%00",
    "limit=1000",
    "requestId=r1",
  ])("400 for %s", async (query) => {
    expectError(await search(`?${query}`), 400, "invalid_input");
  });

  it("200 with Dates from typed clients, who get Dates", async () => {
    const page = await trpcClient(gateway, admin.token).audit.search.query({ from: new Date("2026-01-29T10:03:00Z") });
    expect(page.items.map(({ occurredAt }) => occurredAt)).toEqual([new Date("2026-01-29T10:03:00Z")]);
  });
});
