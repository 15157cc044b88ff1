import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Answer, startTestGateway, type TestGateway } from "./harness.ts";

interface Page {
  items: { uid: string; mailbox: string; retryCount: number; maxRetryCount?: number; lastRetryTime?: number }[];
  totalCount: number;
  pageSize: number;
  pageNumber: number;
}

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 60 }, robin: { breaker: { failureThreshold: 1000 } } });
  token = (await gateway.signIn("ROLE_OPERATOR")).token;
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.simulator.faults.clear();
  gateway.clock.advance(30_000);
});

const pageOf = ({ status, text, body }: Answer): Page => {
  expect(status, text).toBe(200);
  return body as Page;
};

describe.each(["/api/v1/queue/json", "/queue/json"])("GET %s", (path) => {
  const get = (query = "") => gateway.request(`${path}${query}`, { token });

  it("200 with the first 50 items of GET /queue when nothing is said", async () => {
    const { items } = (await gateway.request("/api/v1/queue", { token })).body as { items: { uid: string }[] };
    const page = pageOf(await get());
    expect(page).toMatchObject({ totalCount: 60, pageSize: 50, pageNumber: 0 });
    expect(page.items.map(({ uid }) => uid)).toEqual(items.map(({ uid }) => uid));
  });

  it("200 with every item once over the pages, which begin at 0", async () => {
    const uids: string[] = [];
    for (const number of [0, 1, 2]) {
      const page = pageOf(await get(`?page=${number}&size=25`));
      expect(page).toMatchObject({ totalCount: 60, pageSize: 25, pageNumber: number });
      uids.push(...page.items.map(({ uid }) => uid));
    }
    expect(uids.toSorted()).toEqual(
      gateway.simulator.queue
        .items()
        .map(({ uid }) => uid)
        .toSorted(),
    );
    expect(pageOf(await get("?page=3&size=25")).items).toEqual([]);
  });

  it("200 with Robin's own limit of retries, and milliseconds for the last one", async () => {
    for (const { uid, maxRetryCount, retryCount, lastRetryTime } of pageOf(await get("?size=1000")).items) {
      const item = gateway.simulator.queue.get(uid);
      expect({ maxRetryCount, retryCount }).toEqual({ maxRetryCount: 30, retryCount: item?.retryCount });
      const seconds = item?.lastRetryAtSeconds ?? 0;
      expect(lastRetryTime).toBe(seconds === 0 ? undefined : seconds * 1000);
    }
  });

  it("200 with the recipients as the mailbox, and how many more there are", async () => {
    const rcpts = ["a", "b", "c", "d", "e", "f", "g"].map((name) => `${name}@example.com`);
    const { uid } = gateway.simulator.queue.add({ envelopes: [{ mail: "x@example.com", rcpts, file: undefined }] });
    const item = pageOf(await get("?size=1000")).items.find((one) => one.uid === uid);
    expect(item?.mailbox).toBe(`${rcpts.slice(0, 5).join(", ")} (+2)`);
    gateway.simulator.queue.remove(uid);
  });

  it("200 without maxRetryCount when Robin does not tell it", async () => {
    gateway.simulator.faults.set({ port: "service", route: "*", fault: { kind: "reset" } });
    const page = pageOf(await get());
    expect(page.items).toHaveLength(50);
    for (const item of page.items) expect(item).not.toHaveProperty("maxRetryCount");
  });

  it.each(["page=-1", "page=x", "page=0.5", "size=0", "size=1001", "limit=5", "page=1000000"])(
    "400 for %s",
    async (query) => {
      expect((await get(`?${query}`)).status).toBe(400);
    },
  );
});

describe("queue.retryHistogram of GET /health/aggregate", () => {
  interface Aggregate {
    queue: { size: number; retryHistogram?: Record<string, number> };
  }
  const queueHealth = async (at = gateway) => {
    at.clock.advance(5000);
    return ((await at.request("/health/aggregate")).body as Aggregate).queue;
  };
  /** Of what waits or is being delivered; dead items are no part of `size`. */
  const expected = (at: TestGateway) => {
    const waiting = at.simulator.queue.items().filter(({ state }) => state !== "DEAD");
    const counts = Map.groupBy(waiting, ({ retryCount }) => retryCount);
    return Object.fromEntries([...counts].map(([retryCount, items]) => [String(retryCount), items.length]));
  };
  const listCalls = (at: TestGateway) =>
    at.simulator.requests.filter(({ target }) => target.includes("/queue/list")).length;

  it("counts a short queue by one call, each time", async () => {
    const before = listCalls(gateway);
    const { size, retryHistogram } = await queueHealth();
    expect(listCalls(gateway)).toBe(before + 1);
    expect(retryHistogram).toEqual(expected(gateway));
    expect(Object.values(retryHistogram ?? {}).reduce((sum, count) => sum + count, 0)).toBe(size);
    gateway.simulator.queue.add({ retryCount: 17 });
    expect((await queueHealth()).retryHistogram).toHaveProperty("17");
  });

  it("is empty, without a call, for an empty queue", async () => {
    const empty = await startTestGateway({ simulator: { items: 0 } });
    expect(await queueHealth(empty)).toMatchObject({ size: 0, retryHistogram: {} });
    expect(listCalls(empty)).toBe(0);
    await empty.close();
  });

  it("counts a long queue with few calls, and again after 30 seconds", async () => {
    const large = await startTestGateway({ simulator: { items: 3000 } });
    const first = await queueHealth(large);
    expect(first.retryHistogram).toEqual(expected(large));
    const calls = listCalls(large);
    expect(calls).toBeLessThanOrEqual(2 + Math.max(...Object.keys(expected(large)).map(Number)));
    expect((await queueHealth(large)).retryHistogram).toEqual(first.retryHistogram);
    expect(listCalls(large)).toBe(calls);
    large.clock.advance(30_000);
    await queueHealth(large);
    expect(listCalls(large)).toBe(2 * calls);
    await large.close();
  });

  it.each(["blackHole", "html", "reset"] as const)(
    "is absent, and the rest is there within two seconds, when the list meets %s",
    async (kind) => {
      gateway.simulator.faults.set({ port: "client", route: "/client/queue/list", fault: { kind } });
      const startedAt = performance.now();
      const queue = await queueHealth();
      expect(performance.now() - startedAt).toBeLessThan(2500);
      expect(queue.size).toBeGreaterThan(0);
      expect(queue).not.toHaveProperty("retryHistogram");
    },
  );
});
