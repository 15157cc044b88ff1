import { cleanUpQueueRecord, pollQueue } from "@robin/api";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 } });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());
beforeEach(async () => {
  for (const { uid } of [...gateway.simulator.queue.items()]) gateway.simulator.queue.remove(uid);
  await look();
  await gateway.db.queueItem.deleteMany();
  await gateway.db.queueSize.deleteMany();
});

/** As the worker does. */
async function look(afterMs = 5000): Promise<void> {
  gateway.clock.advance(afterMs);
  const { db, robin, events, clock } = gateway.deps;
  const signal = new AbortController().signal;
  await pollQueue({ db, robin, events, signal, now: () => clock.now() }, { pollSeconds: 5, share: 1 });
}
const get = (path: string) => gateway.request(`/api/v1${path}`, { token: operator.token });
const now = () => gateway.clock.now();
const itemOf = async (uid: string, query = "") => (await get(`/queue/${uid}${query}`)).body as Record<string, unknown>;

describe("the queue lists", () => {
  it("200 with what the record knows, and without it before the first look", async () => {
    gateway.simulator.queue.add({ uid: "a" });
    const listed = async () => ((await get("/queue")).body as { items: Record<string, unknown>[] }).items[0];
    const shown = async () => ((await get("/queue/json")).body as { items: Record<string, unknown>[] }).items[0];
    expect(await listed()).not.toHaveProperty("firstSeenAt");
    expect(await shown()).not.toHaveProperty("createTime");
    await look();
    const seenAt = now();
    gateway.simulator.queue.fail("a", { permanent: false });
    await look();
    const retriedAt = new Date(Math.floor(seenAt.getTime() / 1000) * 1000);
    const nextAt = new Date(retriedAt.getTime() + 60_000);
    expect(await listed()).toMatchObject({ firstSeenAt: seenAt.toISOString(), nextAttemptAt: nextAt.toISOString() });
    expect(await shown()).toMatchObject({ lastRetryTime: retriedAt.getTime(), nextRetryTime: nextAt.getTime() });
    expect((await shown())?.createTime).toBe(Math.min(seenAt.getTime(), retriedAt.getTime()));
    // Has moved on since the last look: what was true of the earlier attempt is not told.
    gateway.simulator.queue.fail("a", { permanent: false });
    expect(await listed()).toMatchObject({ retryCount: 2, firstSeenAt: seenAt.toISOString() });
    expect(await listed()).not.toHaveProperty("nextAttemptAt");
  });

  it("200 with the sender of mail that came through the gateway", async () => {
    const message = { from: "tony@example.com", to: ["pepper@example.com"], subject: "x", text: "y" };
    const answer = await gateway.request("/api/v1/queue", { body: message, token: operator.token });
    expect(answer.status, answer.text).toBe(200);
    await look();
    expect((await get("/queue")).body).toMatchObject({ items: [{ sender: "tony@example.com" }] });
  });
});

describe("GET /queue/{uid}", () => {
  it("200 with what was done to an item and by whom, also after it has left", async () => {
    gateway.simulator.queue.add({ uid: "a", state: "DEAD", retryCount: 4 });
    await look();
    const act = (path: string, method = "POST") =>
      gateway.request(`/api/v1/queue/${path}`, {
        method,
        ...(method === "POST" && { body: {} }),
        token: operator.token,
      });
    await act("a/retry");
    expect(await itemOf("a")).toMatchObject({ inQueue: true, state: "READY", retryCount: 5, retriesSeen: 1 });
    await act("a", "DELETE");
    expect(await itemOf("a")).toMatchObject({
      inQueue: false,
      left: { at: now().toISOString(), how: "DELETED", by: operator.username },
      events: [
        { kind: "REQUEST", action: "retry", by: operator.username },
        { kind: "REQUEST", action: "delete", by: operator.username },
      ],
    });
    await look();
    expect(await itemOf("a")).toMatchObject({ left: { how: "DELETED" } });
  });

  it("200 with what Robin's log says of its deliveries, which is kept", async () => {
    const { queue, logs } = gateway.simulator;
    const { sessionUid } = queue.add({ uid: "a" });
    await look();
    const write = (logger: string, message: string) => {
      gateway.clock.advance(1000);
      logs.append({ level: "INFO", thread: "pool-5-thread-2", logger, message });
    };
    write(
      "queue.RelayDequeue",
      `Processing session: uid=${sessionUid}, protocol=ESMTP, retryCount=0, envelopes=1, recipients=1`,
    );
    write("connection.SmtpFoundation", ">> RCPT TO:<to@example.com>");
    write("connection.SmtpFoundation", "<< 451 4.3.0 Try again later");
    write("queue.RelayDequeue", `Session processed: uid=${sessionUid}, removedEnvelopes=0, remainingEnvelopes=1`);
    expect(await itemOf("a")).not.toHaveProperty("lastError");
    expect(await itemOf("a", "?log=true")).toMatchObject({
      lastError: "451 4.3.0 Try again later",
      logIncomplete: false,
      events: [
        { kind: "LOG", text: "Delivery attempt 1 began." },
        { kind: "LOG", text: "to@example.com was refused: 451 4.3.0 Try again later" },
        { kind: "LOG" },
      ],
    });
    expect(await itemOf("a")).toMatchObject({ lastError: "451 4.3.0 Try again later" });
    write("queue.RelayDequeue", `Session processed: uid=${sessionUid}, removedEnvelopes=1, remainingEnvelopes=0`);
    queue.deliver("a");
    await look();
    expect(await itemOf("a")).toMatchObject({ left: { how: "UNKNOWN" } });
    expect(await itemOf("a", "?log=true")).toMatchObject({ left: { how: "DELIVERED" } });
    expect(await itemOf("a")).toMatchObject({ left: { how: "DELIVERED" } });
  });

  it("404 for what no look has found", async () => {
    expect((await get("/queue/nobody")).status).toBe(404);
  });
});

describe("GET /queue/history", () => {
  const points = async (query = "") =>
    ((await get(`/queue/history${query}`)).body as { points: Record<string, number | string>[] }).points;

  it("200 with sizes, arrivals, departures and retries, of all and of one domain", async () => {
    const { queue } = gateway.simulator;
    const to = (rcpt: string) => ({ envelopes: [{ mail: "x@y", rcpts: [rcpt], file: "/q/f" }] });
    gateway.clock.advance(60_000 - (now().getTime() % 60_000));
    queue.add({ uid: "a", ...to("p@One.example") });
    queue.add({ uid: "b", ...to("p@two.example") });
    await look();
    queue.fail("a", { permanent: false });
    await look();
    await look(60_000);
    queue.fail("a", { permanent: true });
    queue.deliver("b");
    await look(60_000);
    const none = { arrivals: 0, departures: 0, retries: 0 };
    expect(await points()).toMatchObject([
      { ready: 2, claimed: 0, dead: 0, arrivals: 2, departures: 0, retries: 1 },
      { ready: 2, claimed: 0, dead: 0, ...none },
      { ready: 0, claimed: 0, dead: 1, ...none, departures: 1 },
    ]);
    expect(await points("?domain=ONE.example")).toMatchObject([
      { ready: 1, dead: 0, arrivals: 1, departures: 0, retries: 1 },
      { ready: 1, dead: 0, ...none },
      { ready: 0, dead: 1, ...none },
    ]);
    expect(await points("?domain=two.example")).toMatchObject([
      { ready: 1, arrivals: 1 },
      { ready: 1 },
      { ready: 0, departures: 1 },
    ]);
    expect(await points("?domain=three.example")).toMatchObject([{ ready: 0 }, { ready: 0 }, { ready: 0 }]);
    // Of a year, by hours.
    const year = await points(`?start=${new Date(now().getTime() - 365 * 86_400_000).toISOString()}`);
    expect(year.at(-1)).toMatchObject({ dead: 1, arrivals: 2, departures: 1, retries: 1 });
  });

  it.each([1, 24, 24 * 7, 24 * 30, 24 * 365])("200 with at most 300 points of %i hours", async (hours) => {
    const end = Math.floor(now().getTime() / 60_000) * 60_000;
    const seconds = hours > 24 * 7 ? 3600 : 60;
    await gateway.db.$executeRaw`
      INSERT INTO gateway_queue_sizes (domain, resolution_seconds, at, ready, claimed, dead)
      SELECT '', ${seconds}, at, 1, 0, 0
      FROM generate_series(date_bin(make_interval(secs => ${seconds}), ${new Date(end - hours * 3_600_000)}, 'epoch'),
        ${new Date(end)}::timestamptz, make_interval(secs => ${seconds})) AS at
      ON CONFLICT DO NOTHING`;
    const found = await points(
      `?start=${new Date(end - hours * 3_600_000).toISOString()}&end=${new Date(end).toISOString()}`,
    );
    expect(found.length).toBeGreaterThan(50);
    expect(found.length).toBeLessThanOrEqual(300);
  });

  it("400 when the start is not before the end", async () => {
    expect((await get("/queue/history?start=2030-01-01T00:00:00Z&end=2029-01-01T00:00:00Z")).status).toBe(400);
  });
});

describe("what was kept for long enough", () => {
  it("goes, and a domain keeps the size it last had", async () => {
    gateway.simulator.queue.add({
      uid: "stays",
      state: "DEAD",
      envelopes: [{ mail: "x@y", rcpts: ["p@one.example"], file: "/q/f" }],
    });
    gateway.simulator.queue.add({ uid: "goes" });
    await look();
    gateway.simulator.queue.remove("goes");
    await look();
    const later = new Date(now().getTime() + 40 * 86_400_000);
    const signal = new AbortController().signal;
    const limits = { itemDays: 30, deltaMinutes: 60, deltasMax: 1000, batchSize: 2 };
    const gone = await cleanUpQueueRecord(gateway.db, { ...limits, now: later, signal });
    expect(gone.deltas).toBeGreaterThan(0);
    expect(await gateway.db.queueItem.findMany({ select: { uid: true } })).toEqual([{ uid: "stays" }]);
    const sizes = await gateway.db.queueSize.findMany({ where: { resolution: 60 } });
    expect(sizes).toMatchObject([{ domain: "one.example", dead: 1 }]);
    expect(await cleanUpQueueRecord(gateway.db, { ...limits, now: later, signal })).toMatchObject({
      items: 0,
      sizes: 0,
    });
  });
});
