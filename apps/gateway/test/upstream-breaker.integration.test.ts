import { once } from "node:events";
import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

const openMs = 300;

let gateway: TestGateway;
let operator: SignedIn;
beforeEach(async () => {
  gateway = await startTestGateway({ simulator: { items: 3 }, robin: { breaker: { openMs } } });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterEach(() => gateway.close());

const list = () => gateway.request("/api/v1/queue?state=READY", { token: operator.token });
const retry = () => gateway.request("/api/v1/queue/x/retry", { method: "POST", token: operator.token });
const health = async () => (await gateway.request("/health")).body as { status: string; breakers: object };
const failWith = (status: number) => {
  gateway.simulator.faults.set({ port: "client", route: "/client/queue/list", fault: { kind: "status", status } });
};
const openBreaker = async () => {
  failWith(500);
  for (let call = 0; call < 5; call++) expect((await list()).status).toBe(502);
};

describe("the breaker of Robin's client port", () => {
  it("503 at once, with Retry-After and without asking Robin, after five failures in a row", async () => {
    await openBreaker();
    const before = gateway.simulator.requests.length;
    for (const answer of [await list(), await retry()]) {
      expect(answer.status).toBe(503);
      expect(answer.body).toMatchObject({ code: "upstream_unavailable" });
      expect(answer.headers.get("retry-after")).toBe("1");
    }
    expect(gateway.simulator.requests.length).toBe(before);
  });

  it("200 from /health all the while: DEGRADED, with this port's breaker open and the other one closed", async () => {
    expect(await health()).toMatchObject({ status: "UP", breakers: { client: "closed", service: "closed" } });
    await openBreaker();
    const answer = await gateway.request("/health");
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      status: "DEGRADED",
      ready: true,
      breakers: { client: "open", service: "closed" },
    });
  });

  it("502 still after four failures and a success in between, which starts the count again", async () => {
    failWith(500);
    for (let call = 0; call < 4; call++) await list();
    gateway.simulator.faults.clear();
    expect((await list()).status).toBe(200);
    failWith(500);
    for (let call = 0; call < 4; call++) expect((await list()).status).toBe(502);
    expect(await health()).toMatchObject({ breakers: { client: "closed" } });
  });

  it("502 for any number of answers that are no failures of Robin: 4xx and strange pages", async () => {
    failWith(404);
    for (let call = 0; call < 7; call++) expect((await list()).status).toBe(502);
    gateway.simulator.faults.set({ port: "client", route: "/client/queue/list", fault: { kind: "html" } });
    for (let call = 0; call < 7; call++) expect((await list()).status).toBe(502);
    expect(await health()).toMatchObject({ breakers: { client: "closed" } });
  });

  it("200 again after one trial, once its time is over", async () => {
    await openBreaker();
    gateway.simulator.faults.clear();
    expect((await list()).status).toBe(503);
    const status = await vi.waitUntil(async () => {
      const answer = await list();
      return answer.status === 503 ? undefined : answer.status;
    });
    expect(status).toBe(200);
    expect(await health()).toMatchObject({ status: "UP", breakers: { client: "closed" } });
  });

  it("503 again after a trial that fails, which asks Robin once however many call", async () => {
    await openBreaker();
    const before = gateway.simulator.requests.length;
    const trial = await vi.waitUntil(async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, list));
      const statuses = answers.map(({ status }) => status).sort();
      return statuses.includes(502) ? statuses : undefined;
    });
    expect(trial).toEqual([502, ...Array.from({ length: 9 }, () => 503)]);
    expect(gateway.simulator.requests.length - before).toBe(1);
  });
});

describe("a request whose time is used up before Robin is asked, by a slow upload for example", () => {
  it("504 without asking Robin, so that nobody can open the breaker that way", async () => {
    const slow = await startTestGateway({ beside: gateway, app: { requestTimeoutMs: 0 } });
    const before = gateway.simulator.requests.length;
    for (let call = 0; call < 6; call++) {
      const answers = [
        await slow.request("/api/v1/queue", { token: operator.token }),
        await slow.request("/api/v1/queue/x/retry", { method: "POST", token: operator.token }),
      ];
      for (const answer of answers) {
        expect(answer.status).toBe(504);
        expect(answer.body).toMatchObject({ code: "upstream_timeout" });
      }
    }
    expect(gateway.simulator.requests.length).toBe(before);
    expect(slow.deps.robin.breakers()).toEqual({ client: "closed", service: "closed" });
    await slow.close();
  });
});

describe("a caller who goes away", () => {
  /** Sends a request and cuts its connection as soon as Robin has got a call for it. */
  async function abandon(method: string, path: string) {
    const before = gateway.simulator.requests.length;
    const headers = { authorization: `Bearer ${operator.token}` };
    const call = request(gateway.url + path, { method, headers });
    const failed = once(call, "error");
    call.end();
    await vi.waitUntil(() => gateway.simulator.requests.length > before, { interval: 1 });
    call.destroy(new Error("gone"));
    await failed;
  }
  const logged = (method: string) =>
    vi.waitUntil(() =>
      gateway.logs.find((line) => line.msg === "request" && line.method === method && line.aborted === true),
    );

  it("ends its read at Robin, does not count against the breaker, and is logged as aborted", async () => {
    gateway.simulator.faults.set({ port: "client", route: "/client/queue/list", fault: { kind: "blackHole" } });
    const outcomes: string[] = [];
    const { queue } = gateway.deps.robin;
    const original = queue.list.bind(queue);
    vi.spyOn(queue, "list").mockImplementation(async (query, options) => {
      try {
        return await original(query, options);
      } catch (error) {
        outcomes.push((error as { kind: string }).kind);
        throw error;
      }
    });
    for (let call = 1; call <= 6; call++) {
      await abandon("GET", "/api/v1/queue");
      await vi.waitUntil(() => outcomes.length === call, { interval: 1 });
    }
    expect(outcomes).toEqual(Array.from({ length: 6 }, () => "aborted"));
    expect(await logged("GET")).toMatchObject({ path: "/api/v1/queue", aborted: true });
    expect(await health()).toMatchObject({ breakers: { client: "closed" } });
  });

  it("does not end its change: Robin does it, and the audit row says so", async () => {
    const { uid } = gateway.simulator.queue.add({ state: "DEAD" });
    gateway.simulator.faults.set({ port: "client", route: "/client/queue/retry", fault: { kind: "delay", ms: 150 } });
    await abandon("POST", `/api/v1/queue/${uid}/retry`);
    expect(gateway.simulator.queue.get(uid)).toMatchObject({ state: "DEAD" });
    const row = await vi.waitUntil(() =>
      gateway.db.auditEvent.findFirst({ where: { targets: { has: uid }, outcome: { not: "STARTED" } } }),
    );
    expect(row).toMatchObject({ action: "queue.retry", outcome: "SUCCEEDED" });
    expect(gateway.simulator.queue.get(uid)).toMatchObject({ state: "READY" });
  });
});
