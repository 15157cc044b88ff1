import { createTRPCClient, httpBatchLink } from "@trpc/client";
import type { AppRouter } from "@robin/api";
import superjson from "superjson";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startTestGateway, type TestGateway } from "./harness.ts";
import { failureOf, trpcClient } from "./trpc-client.ts";

let gateway: TestGateway;
let beside: TestGateway;
let admin: string;
/** How the calls of Robin ended. */
const outcomes: string[] = [];
beforeAll(async () => {
  gateway = await startTestGateway({ cache: true, robin: { onCall: ({ outcome }) => outcomes.push(outcome) } });
  beside = await startTestGateway({ cache: true, beside: gateway });
});
afterAll(async () => {
  await beside.close();
  await gateway.close();
});
beforeEach(async () => {
  // Nothing that was kept may be given any more, nor a token be used.
  gateway.clock.advance(3_600_000);
  ({ token: admin } = await gateway.signIn("ROLE_ADMIN"));
});
afterEach(() => {
  gateway.simulator.faults.clear();
});

const path = "/api/v1/queue";
/** Robin is asked for each of the three states. */
const callsPerList = 3;
const calls = (of = "/client/queue/list") =>
  gateway.simulator.requests.filter(({ target }) => target.startsWith(of)).length;
const total = async (at = gateway) => ((await at.request(path, { token: admin })).body as { total: number }).total;

function batchingClient(token: string) {
  const headers = { authorization: `Bearer ${token}` };
  return createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url: `${gateway.url}/trpc`, transformer: superjson, headers })],
  });
}

describe("what is kept", () => {
  it("serves all roads and batches, by one question", async () => {
    const before = calls();
    const rest = (await gateway.request(path, { token: admin })).body as { total: number };
    const dropIn = (await gateway.request("/queue?page=1&limit=50", { token: admin })).body;
    const typed = await trpcClient(gateway, admin).queue.list.query({ limit: 50 });
    const batched = batchingClient(admin);
    const both = await Promise.all([batched.queue.list.query({}), batched.queue.list.query({ page: "1" })]);
    expect(dropIn).toEqual(rest);
    for (const answer of [typed, ...both]) expect(JSON.parse(JSON.stringify(answer))).toEqual(rest);
    expect(calls() - before).toBe(callsPerList);
  });

  it("is the same again for who calls by tRPC alone, dates included", async () => {
    const client = trpcClient(gateway, admin);
    const answers = [
      await client.queue.list.query({}),
      await client.queue.list.query({}),
      await client.queue.list.query({}),
    ];
    expect(answers[0]?.items.some(({ lastRetryAt }) => lastRetryAt instanceof Date)).toBe(true);
    expect(answers[2]).toEqual(answers[0]);
  });

  it("makes no valid request of an invalid one", async () => {
    await gateway.request(path, { token: admin });
    for (const query of ["?page=0", "?limit=50&more=1", "?state=", "?page=1&page=1"]) {
      expect({ query, status: (await gateway.request(path + query, { token: admin })).status }).toEqual({
        query,
        status: 400,
      });
    }
  });

  it("costs Robin one question for 32 who come at once by new connections", async () => {
    const before = calls();
    const fetches = Array.from({ length: 32 }, () =>
      gateway.request(path, { token: admin, headers: { connection: "close" } }),
    );
    for (const { status } of await Promise.all(fetches)) expect(status).toBe(200);
    expect(calls() - before).toBe(callsPerList);
  });

  it("costs Robin at most two questions for each time that it is fresh, however many poll", async () => {
    const before = { list: calls(), health: calls("/health") };
    for (let second = 0; second < 60; second += 1) {
      gateway.clock.advance(1000);
      // As many as a thousand tabs at one poll a minute.
      const polls = Array.from({ length: 17 }, (_unused, tab) =>
        gateway.request(tab % 2 === 0 ? path : "/health/aggregate", { token: admin }),
      );
      for (const { status } of await Promise.all(polls)) expect(status).toBe(200);
    }
    expect(calls() - before.list).toBeLessThanOrEqual((60 / 5) * 2 * callsPerList);
    expect(calls("/health") - before.health).toBeLessThanOrEqual((60 / 5) * 2 * 2);
  });
});

describe("a warm cache", () => {
  it("403 by every road for who lacks the permission, and 401 without a sign-in", async () => {
    const { token } = await gateway.signIn("ROLE_USER");
    const warm = "/api/v1/mail-users";
    for (let time = 1; time <= 3; time += 1) {
      expect((await gateway.request(warm, { token: admin })).status).toBe(200);
      await trpcClient(gateway, admin).mailUsers.list.query({});
    }
    for (let time = 1; time <= 3; time += 1) {
      expect((await gateway.request(warm, { token })).status).toBe(403);
      expect((await gateway.request(warm)).status).toBe(401);
      expect(await failureOf(trpcClient(gateway, token).mailUsers.list.query({}))).toMatchObject({ httpStatus: 403 });
      const batch = batchingClient(token);
      const [users, queue] = await Promise.allSettled([batch.mailUsers.list.query({}), batch.queue.list.query({})]);
      expect([users.status, queue.status]).toEqual(["rejected", "fulfilled"]);
    }
  });

  it("401 within a second of log-out", async () => {
    const { token, cookie } = await gateway.signIn("ROLE_READONLY");
    const statuses = async () => [
      (await gateway.request(path, { token })).status,
      (await beside.request(path, { token })).status,
    ];
    for (let time = 1; time <= 3; time += 1) expect(await statuses()).toEqual([200, 200]);
    await gateway.request("/api/v1/auth/logout", { method: "POST", token, headers: { cookie } });
    expect((await gateway.request(path, { token })).status).toBe(401);
    gateway.clock.advance(1000);
    expect(await statuses()).toEqual([401, 401]);
  });

  it("403 within a second of losing the role", async () => {
    const { token, userId } = await gateway.signIn("ROLE_READONLY");
    const warm = "/api/v1/storage";
    for (let time = 1; time <= 3; time += 1) expect((await gateway.request(warm, { token })).status).toBe(200);
    await gateway.db.userRole.updateMany({ where: { userId }, data: { role: "ROLE_USER" } });
    gateway.clock.advance(1000);
    expect((await gateway.request(warm, { token })).status).toBe(403);
  });

  it("tells each whether he is signed in himself", async () => {
    const valid = async (token?: string) =>
      ((await gateway.request("/api/v1/auth/verify", { ...(token && { token }) })).body as { valid: boolean }).valid;
    for (let time = 1; time <= 3; time += 1) {
      expect([await valid(admin), await valid(), await valid("not.a.token")]).toEqual([true, false, false]);
    }
  });
});

describe("a change", () => {
  const uidOf = async () =>
    ((await gateway.request(path, { token: admin })).body as { items: { uid: string }[] }).items[0]?.uid ?? "";

  it("is seen by the next request, in this process and in others", async () => {
    const uid = await uidOf();
    const before = await total();
    expect(await total(beside)).toBe(before);
    expect((await gateway.request(`${path}/${uid}`, { method: "DELETE", token: admin })).status).toBe(200);
    expect([await total(), await total(beside)]).toEqual([before - 1, before - 1]);
  });

  it("is not undone by what was read while it happened", async () => {
    const uid = await uidOf();
    const before = await total();
    gateway.clock.advance(60_000);
    gateway.simulator.faults.set({
      port: "client",
      route: "/client/queue/list",
      fault: { kind: "delay", ms: 100 },
      times: 1,
    });
    const asked = gateway.simulator.requests.length;
    const reading = total();
    await vi.waitFor(() => {
      expect(gateway.simulator.requests.length).toBeGreaterThan(asked);
    });
    await gateway.request(`${path}/${uid}`, { method: "DELETE", token: admin });
    await reading;
    expect(await total()).toBe(before - 1);
  });
});

describe("Robin in trouble", () => {
  it("200 with what was true before, said to be stale with its age, by each road, until it is too old", async () => {
    const fresh = (await gateway.request(path, { token: admin })).body;
    gateway.clock.advance(20_000);
    gateway.simulator.faults.set({ port: "client", route: "*", fault: { kind: "reset" } });
    const input = encodeURIComponent(JSON.stringify({ json: {} }));
    for (let time = 1; time <= 3; time += 1) {
      const answer = await gateway.request(path, { token: admin });
      expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: fresh });
      for (const road of [
        path,
        `/trpc/queue.list?input=${input}`,
        `/trpc/queue.list,queue.list?batch=1&input=${encodeURIComponent('{"0":{"json":{}},"1":{"json":{}}}')}`,
      ]) {
        const { status, headers } = await gateway.request(road, { token: admin });
        expect({ road, status, age: headers.get("age"), warning: headers.get("warning") }).toEqual({
          road,
          status: 200,
          age: "20",
          warning: '110 - "Response is Stale"',
        });
      }
    }
    gateway.clock.advance(300_000);
    expect((await gateway.request(path, { token: admin })).status).toBe(503);
  });

  it("503 for what was never known", async () => {
    gateway.simulator.faults.set({ port: "client", route: "*", fault: { kind: "reset" }, times: 4 });
    expect((await gateway.request(`${path}?page=77`, { token: admin })).status).toBe(503);
  });

  it("is asked on while one still waits, and no longer when all have gone", async () => {
    const reads = vi.spyOn(gateway.deps.cache, "read");
    const slow = { kind: "delay", ms: 300 } as const;
    gateway.simulator.faults.set({ port: "client", route: "/client/queue/list", fault: slow, times: 1 });
    const asked = calls();
    const ask = () => {
      const { signal, abort } = abortable();
      const headers = { authorization: `Bearer ${admin}` };
      const status = fetch(gateway.url + path, { headers, signal }).then(
        (answer) => answer.status,
        () => "left",
      );
      return { status, abort };
    };
    const [first, second] = [ask(), ask()];
    await vi.waitFor(() => {
      expect(reads).toHaveBeenCalledTimes(2);
    });
    first.abort();
    expect([await first.status, await second.status]).toEqual(["left", 200]);
    expect(calls() - asked).toBe(callsPerList);

    gateway.clock.advance(60_000);
    gateway.simulator.faults.set({
      port: "client",
      route: "/client/queue/list",
      fault: { kind: "blackHole" },
      times: 1,
    });
    outcomes.length = 0;
    const third = ask();
    await vi.waitFor(() => {
      expect(calls() - asked).toBe(callsPerList + 1);
    });
    third.abort();
    await vi.waitFor(() => {
      expect(outcomes).toEqual(["aborted"]);
    });
    expect((await gateway.request(path, { token: admin })).status).toBe(200);
    reads.mockRestore();
  });
});

function abortable() {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: () => {
      controller.abort();
    },
  };
}
