import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Answer, startTestGateway, type TestGateway } from "./harness.ts";
import { failureOf, trpcClient } from "./trpc-client.ts";

const states = ["READY", "CLAIMED", "DEAD"] as const;
type State = (typeof states)[number];

interface List {
  items: { uid: string; state: State; lastRetryAt?: string }[];
  total: number;
  totals: { ready?: number; claimed?: number; dead?: number };
  page: number;
  limit: number;
  pages: number;
}

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 60 }, robin: { breaker: { failureThreshold: 1000 } } });
  token = (await gateway.signIn("ROLE_USER")).token;
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.simulator.faults.clear();
});

const get = (query = "", path = "/api/v1/queue") => gateway.request(`${path}${query}`, { token });
const listOf = (answer: Answer): List => {
  expect(answer.status, answer.text).toBe(200);
  return answer.body as List;
};
const issuePaths = (answer: Answer) => (answer.body as { issues: { path: string }[] }).issues.map(({ path }) => path);

interface Filter {
  state?: State[];
  protocol?: string;
  retryMin?: number;
  retryMax?: number;
}

/** What the queue holds, in the order that the list promises: by state, then by arrival. */
function expectedUids({ state = [...states], protocol, retryMin = 0, retryMax = Infinity }: Filter): string[] {
  const items = gateway.simulator.queue.items();
  return states
    .filter((one) => state.includes(one))
    .flatMap((one) => items.filter((item) => item.state === one))
    .filter((item) => protocol === undefined || item.protocol.toLowerCase() === protocol.toLowerCase())
    .filter((item) => item.retryCount >= retryMin && item.retryCount <= retryMax)
    .map(({ uid }) => uid);
}

function queryOf({ state, ...rest }: Filter & { page?: number; limit?: number }): string {
  const query = new URLSearchParams();
  if (state) query.set("state", state.join(","));
  for (const [name, value] of Object.entries(rest)) query.set(name, String(value));
  return `?${query.toString()}`;
}

describe("GET /api/v1/queue", () => {
  it("200 with every item once, its state, and the totals", async () => {
    const { items, totals, total } = listOf(await get("?limit=1000"));
    expect(totals).toEqual(gateway.simulator.queue.counts());
    expect(total).toBe(60);
    expect(items.map(({ uid }) => uid)).toEqual(expectedUids({}));
    for (const { uid, state } of items) expect(state).toBe(gateway.simulator.queue.get(uid)?.state);
  });

  it("200 and 50 items on page 1 when nothing is said", async () => {
    const { items, page, limit, pages } = listOf(await get());
    expect({ count: items.length, page, limit, pages }).toEqual({ count: 50, page: 1, limit: 50, pages: 2 });
  });

  it("200 with every item exactly once and in order over all pages, for any limit and filter", async () => {
    const filter = fc.record(
      {
        state: fc.subarray([...states], { minLength: 1 }),
        protocol: fc.constantFrom("ESMTP", "esmtp", "Lmtp", "dovecot-lda", "nothing"),
        retryMin: fc.integer({ min: 0, max: 5 }),
        retryMax: fc.integer({ min: 0, max: 12 }),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(filter, fc.integer({ min: 1, max: 70 }), async (wanted, limit) => {
        const expected = expectedUids(wanted);
        const pages = Math.ceil(expected.length / limit);
        const seen: string[] = [];
        for (let page = 1; page <= pages; page++) {
          const list = listOf(await get(queryOf({ ...wanted, page, limit })));
          expect(list).toMatchObject({ total: expected.length, page, limit, pages });
          expect(list.items).toHaveLength(page < pages ? limit : expected.length - limit * (pages - 1));
          seen.push(...list.items.map(({ uid }) => uid));
        }
        expect(seen).toEqual(expected);
        expect(listOf(await get(queryOf({ ...wanted, page: pages + 1, limit }))).items).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it.each([
    ["one state", "?state=DEAD", { state: ["DEAD"] }],
    ["a list of states, in any order and with blanks", "?state=DEAD,%20READY", { state: ["READY", "DEAD"] }],
    ["a repeated state", "?state=DEAD&state=READY", { state: ["READY", "DEAD"] }],
    ["a protocol in any case", "?protocol=LmTp", { protocol: "lmtp" }],
    ["retryMin", "?retryMin=3", { retryMin: 3 }],
    ["retryMax", "?retryMax=0", { retryMax: 0 }],
    ["a range that nothing can be in", "?retryMin=5&retryMax=4", { retryMin: 5, retryMax: 4 }],
    [
      "all of them at once",
      "?state=READY&protocol=ESMTP&retryMin=1&retryMax=9",
      { state: ["READY"], protocol: "esmtp", retryMin: 1, retryMax: 9 },
    ],
  ] satisfies [string, string, Filter][])("200 with the items that match %s", async (_name, query, filter) => {
    const separator = query.includes("limit=") ? "" : "&limit=1000";
    const { items, total } = listOf(await get(`${query}${separator}`));
    expect(items.map(({ uid }) => uid)).toEqual(expectedUids(filter));
    expect(total).toBe(items.length);
  });

  it("200 on a full page without making Robin render rows that nobody sees", async () => {
    const before = gateway.simulator.requests.length;
    listOf(await get("?limit=2"));
    const asked = gateway.simulator.requests.slice(before).map(({ target }) => new URL(target, "http://robin"));
    expect(asked.map(({ searchParams }) => searchParams.get("limit"))).toEqual(["2", "1", "1"]);
  });

  it("200 with totals of the states that were asked for only", async () => {
    const { totals } = listOf(await get("?state=DEAD"));
    expect(totals).toEqual({ dead: gateway.simulator.queue.counts().dead });
  });

  it("200 with no items and the true totals past the end", async () => {
    const list = listOf(await get("?page=1000000&limit=1000"));
    expect(list).toMatchObject({ items: [], total: 60, page: 1_000_000, pages: 1 });
  });

  it("200 with instants as ISO 8601 with Z, and absent fields absent", async () => {
    const answer = await get("?limit=1000");
    const { items } = listOf(answer);
    const retried = items.filter(({ lastRetryAt }) => lastRetryAt !== undefined);
    expect(retried.length).toBeGreaterThan(0);
    expect(retried.length).toBeLessThan(items.length);
    for (const { uid, lastRetryAt } of items) {
      const seconds = gateway.simulator.queue.get(uid)?.lastRetryAtSeconds ?? 0;
      expect(lastRetryAt).toBe(seconds === 0 ? undefined : new Date(seconds * 1000).toISOString());
    }
    expect(answer.text).not.toContain("null");
  });

  it.each([
    ["limit=0", "limit"],
    ["limit=1001", "limit"],
    ["limit=abc", "limit"],
    ["limit=1e9", "limit"],
    ["limit=-1", "limit"],
    ["limit=1.5", "limit"],
    ["limit=%205", "limit"],
    ["limit=0x10", "limit"],
    ["limit=99999999999999999999", "limit"],
    ["limit=1&limit=2", "limit"],
    ["page=0", "page"],
    ["page=-1", "page"],
    ["page=1&page=1", "page"],
    ["page=1000001", "page"],
    ["retryMin=-1", "retryMin"],
    ["retryMax=x", "retryMax"],
    ["protocol=ESMTP&protocol=LMTP", "protocol"],
    ["protocol=a%20b", "protocol"],
    ["state=", "state"],
    ["protocol=", "protocol"],
    ["retryMin=", "retryMin"],
    ["unknown=", "unknown"],
    [`protocol=${"x".repeat(51)}`, "protocol"],
  ])("400 with the field's path for %s", async (query, path) => {
    const answer = await get(`?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      error: "Bad Request",
      code: "invalid_input",
      message: "The input is not valid.",
    });
    expect(issuePaths(answer)).toEqual([path]);
  });

  it.each(["state=ready", "state=NOPE", "state=READY,", "state=READY,NOPE", "state=READY,DEAD&state=CLAIMED"])(
    "400 with a path within state for %s",
    async (query) => {
      const answer = await get(`?${query}`);
      expect(answer.status).toBe(400);
      for (const path of issuePaths(answer)) expect(path).toMatch(/^state(\.\d)?$/);
    },
  );

  it.each(["size=5", "Limit=5", "uid=x", "constructor=x", "toString=x", "limit[]=5", "input=%7B%7D"])(
    "400 for the unknown query field %s",
    async (query) => {
      const answer = await get(`?${query}`);
      expect(answer.status).toBe(400);
      expect(answer.text).toContain("Unrecognized key");
      expect(issuePaths(answer)).toEqual([""]);
    },
  );

  it("200 and each item once when one changes its state between two calls to Robin", async () => {
    const { ready: readyBefore } = gateway.simulator.queue.counts();
    const { queue } = gateway.deps.robin;
    const list = queue.list.bind(queue);
    const spy = vi.spyOn(queue, "list").mockImplementation(async (query, options) => {
      const page = await list(query, options);
      const [moving] = gateway.simulator.queue.list({ states: ["READY"] });
      if (query?.states?.includes("READY") && moving) gateway.simulator.queue.markDead(moving.uid, "meanwhile");
      return page;
    });
    const { items } = listOf(await get("?limit=1000"));
    spy.mockRestore();
    expect(items).toHaveLength(60);
    expect(new Set(items.map(({ uid }) => uid)).size).toBe(60);
    // The one that moved stays where it was first seen, so the order by state holds.
    const order = items.map(({ state }) => states.indexOf(state));
    expect(order).toEqual(order.toSorted());
    expect(items.filter(({ state }) => state === "READY")).toHaveLength(readyBefore);
  });
});

describe("GET /queue, the drop-in path", () => {
  it("200 with the answer of /api/v1/queue", async () => {
    const [dropIn, versioned] = [await get("?limit=7&page=2", "/queue"), await get("?limit=7&page=2")];
    expect(dropIn.status).toBe(200);
    expect(dropIn.body).toEqual(versioned.body);
  });

  it("400 and 401 in the same shape", async () => {
    expect((await get("?limit=0", "/queue")).body).toMatchObject({
      code: "invalid_input",
      issues: [{ path: "limit" }],
    });
    const answer = await gateway.request("/queue");
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({ code: "unauthenticated" });
  });
});

describe("queue.list over tRPC", () => {
  it("200 with the items of the REST road, and instants as Date", async () => {
    const typed = await trpcClient(gateway, token).queue.list.query({ limit: 1000 });
    const { items } = listOf(await get("?limit=1000"));
    expect(JSON.parse(JSON.stringify(typed.items))).toEqual(items);
    const dates = typed.items.flatMap(({ lastRetryAt }) => lastRetryAt ?? []);
    expect(dates.length).toBeGreaterThan(0);
    for (const date of dates) expect(date).toBeInstanceOf(Date);
  });

  it("200 with filters as values", async () => {
    const { items } = await trpcClient(gateway, token).queue.list.query({
      state: ["READY"],
      retryMin: 1,
      retryMax: 9,
      limit: 1000,
    });
    expect(items.map(({ uid }) => uid)).toEqual(expectedUids({ state: ["READY"], retryMin: 1, retryMax: 9 }));
  });

  it.each([
    [{ limit: 0 }, "limit"],
    [{ limit: 1.5 }, "limit"],
    [{ limit: Number.NaN }, "limit"],
    [{ page: Infinity }, "page"],
    [{ retryMin: -1 }, "retryMin"],
  ])("400 with the field's path for %o", async (input, path) => {
    const failure = await failureOf(trpcClient(gateway, token).queue.list.query(input));
    expect(failure).toMatchObject({ httpStatus: 400, appCode: "invalid_input", issues: [{ path }] });
  });

  it("400 without an input, which only an empty object is", async () => {
    const answer = await gateway.request("/trpc/queue.list", { token });
    expect(answer.status).toBe(400);
  });
});

describe("GET /api/v1/queue with 10,000 items", () => {
  it("200 for each page with at most two calls to Robin per state", async () => {
    const large = await startTestGateway({ simulator: { items: 10_000 } });
    const { token: largeToken } = await large.signIn("ROLE_USER");
    const uids = new Set<string>();
    for (let page = 1; page <= 10; page++) {
      const before = large.simulator.requests.length;
      const answer = await large.request(`/api/v1/queue?limit=1000&page=${page}`, { token: largeToken });
      expect(answer.status).toBe(200);
      expect(large.simulator.requests.length - before).toBeLessThanOrEqual(6);
      for (const { uid } of (answer.body as List).items) uids.add(uid);
    }
    expect(uids.size).toBe(10_000);
    await large.close();
  });
});
