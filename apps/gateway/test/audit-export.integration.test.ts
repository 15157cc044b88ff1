import { createAuditEvent } from "@robin/db/testing";
import { once } from "node:events";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

const rows = 1203;

let gateway: TestGateway;
let admin: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 } });
  admin = await gateway.signIn("ROLE_ADMIN");
  await gateway.db.auditEvent.deleteMany();
  const shared = { ipAddress: "192.0.2.1", requestId: "r", outcome: "SUCCEEDED" as const };
  await gateway.db.auditEvent.createMany({
    // Many of one moment, so that pages have to end within it.
    data: Array.from({ length: rows }, (_, index) => ({
      ...shared,
      action: "queue.retry",
      targets: [`uid-${index}`],
      occurredAt: new Date(Date.UTC(2026, 0, 29, 10, 0, Math.floor(index / 400))),
    })),
  });
  await createAuditEvent(gateway.db, {
    ...shared,
    action: "users.delete",
    targets: ['=HYPERLINK("http://x")', "a,b"],
    outcome: "FAILED",
    errorCode: "conflict",
    occurredAt: new Date("2026-02-01T10:00:00Z"),
    finishedAt: new Date("2026-02-01T10:00:01Z"),
    actorId: admin.userId,
    actorUsername: "+anna@example.test",
    id: "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e71",
  });
});
afterAll(() => gateway.close());

const download = (query = ""): Promise<Answer> =>
  gateway.request(`/api/v1/audit/export${query}`, { token: admin.token });

describe("GET /api/v1/audit/export", () => {
  it("200 as csv with every row once, newest first, over several pages", async () => {
    const answer = await download();
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(answer.headers.get("content-disposition")).toMatch(/^attachment; filename=audit-\d{8}T\d{6}\.csv$/);
    const lines = answer.text.split("\r\n");
    expect(lines.slice(0, 2)).toEqual([
      "occurredAt,finishedAt,action,targets,outcome,errorCode,actorUsername,actorId,apiKeyName,apiKeyId,ipAddress,requestId,id",
      `2026-02-01T10:00:00.000Z,2026-02-01T10:00:01.000Z,users.delete,"'=HYPERLINK(""http://x""); a,b",FAILED,conflict,'+anna@example.test,${admin.userId},,,192.0.2.1,r,01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e71`,
    ]);
    const body = lines.slice(1, -1);
    expect([body.length, new Set(body).size, lines.at(-1)]).toEqual([rows + 1, rows + 1, ""]);
    const times = body.map((line) => line.slice(0, 24));
    expect(times).toEqual(times.toSorted().reverse());
  });

  it("200 as json: an array of the search's items, valid when empty", async () => {
    const answer = await download("?format=json&to=2026-01-30T00:00:00Z");
    expect(answer.headers.get("content-type")).toBe("application/json");
    const events = JSON.parse(answer.text) as { targets: string[] }[];
    expect(new Set(events.map(({ targets }) => targets[0])).size).toBe(rows);
    const search = await gateway.request("/api/v1/audit?limit=200&to=2026-01-30T00:00:00Z", { token: admin.token });
    expect(events.slice(0, 200)).toEqual((search.body as { items: unknown[] }).items);
    expect(JSON.parse((await download("?format=json&outcome=STARTED")).text)).toEqual([]);
  });

  it.each([
    ["action=users.", 1],
    ["outcome=FAILED&actor=%2BAnna@example.test", 1],
    ["target=uid-7", 1],
    ["from=2026-01-29T10:00:02Z&to=2026-01-29T10:00:03Z", 400],
    ["target=nothing", 0],
  ])("200 filtered by %s", async (query, count) => {
    expect((await download(`?${query}`)).text.split("\r\n").length - 2).toBe(count);
  });

  it.each(["format=txt", "page=1", "from=x", "outcome=DONE", "target=%00"])("400 for %s", async (query) => {
    expectError(await download(`?${query}`), 400, "invalid_input");
  });

  it("503 when the database is away, and not an empty file", async () => {
    gateway.databaseProxy.cut();
    expectError(await download(), 503, "unavailable");
    gateway.databaseProxy.restore();
  });

  it("breaks the connection when the database goes away half-way, so that nobody takes a part for the whole", async () => {
    await gateway.db.$executeRaw`
      INSERT INTO gateway_audit_events (id, action, targets, request_id, ip_address)
      SELECT gen_random_uuid(), 'test.filler', ARRAY[repeat('x', 4000)], 'r', '192.0.2.1' FROM generate_series(1, 10000)`;
    const { token } = admin;
    const reading = request(`${gateway.url}/api/v1/audit/export`, { headers: { authorization: `Bearer ${token}` } });
    reading.end();
    const [answer] = (await once(reading, "response")) as [NodeJS.ReadableStream];
    gateway.databaseProxy.cut();
    const whole = (async () => {
      for await (const part of answer) expect(part).toBeDefined();
    })();
    await expect(whole).rejects.toMatchObject({ code: "ECONNRESET" });
    gateway.databaseProxy.restore();
    await gateway.db.auditEvent.deleteMany({ where: { action: "test.filler" } });
  });
});
