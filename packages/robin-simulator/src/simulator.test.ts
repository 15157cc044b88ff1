import { createServer } from "node:net";
import { once } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { createManualClock } from "./clock.ts";
import { createRobinSimulator } from "./index.ts";
import { exchange, sendRaw } from "./testing/raw-http.ts";
import { noon, startSimulator } from "./testing/simulators.ts";

describe("seed", () => {
  it("the same seed gives the same queue, relative to the clock; another gives another", async () => {
    const queues = await Promise.all(
      [1, 1, 2].map(async (seed) => (await startSimulator({ seed, items: 42 })).queue.items()),
    );
    expect(queues[0]).toEqual(queues[1]);
    expect(queues[0]).not.toEqual(queues[2]);
  });

  it("the default is 42 items in all states, with retries, protocols, domains and several recipients", async () => {
    const { queue } = await createAndClose();
    const items = queue.items();
    const distinct = (values: unknown[]) => new Set(values).size;
    expect(items).toHaveLength(42);
    expect(Object.values(queue.counts()).every((count) => count > 0)).toBe(true);
    expect(distinct(items.map(({ protocol }) => protocol))).toBeGreaterThan(2);
    expect(distinct(items.map(({ retryCount }) => retryCount))).toBeGreaterThan(4);
    expect(items.some(({ envelopes }) => envelopes.some(({ rcpts }) => rcpts.length > 5))).toBe(true);
    const nowSeconds = Date.now() / 1000;
    expect(
      items.every(
        ({ createdAtSeconds, lastRetryAtSeconds }) =>
          createdAtSeconds <= nowSeconds && lastRetryAtSeconds <= nowSeconds,
      ),
    ).toBe(true);
  });

  it("100,000 items are listed by the page", async () => {
    const robin = await startSimulator({ items: 100_000 });
    const answer = await sendRaw(robin.clientUrl, {
      target: "/client/queue/list?limit=1000&page=101&state=READY,CLAIMED,DEAD",
    });
    expect(answer?.body).toContain("Total items: <strong>100000</strong>");
    const { ready, claimed, dead } = robin.queue.counts();
    expect(ready + claimed + dead).toBe(100_000);
  });
});

async function createAndClose() {
  const robin = await createRobinSimulator();
  await robin.close();
  return robin;
}

describe("faults", () => {
  it("delay holds the answer and its port", async () => {
    const { clientUrl, faults } = await startSimulator();
    faults.set({ port: "client", route: "/health", fault: { kind: "delay", ms: 30 }, times: 1 });
    const startedAt = performance.now();
    expect((await sendRaw(clientUrl, { target: "/health/deep" }))?.status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(29);
  });

  it("reset closes without an answer, as often as told", async () => {
    const { clientUrl, faults } = await startSimulator();
    faults.set({ port: "client", route: "/client/queue/list", fault: { kind: "reset" }, times: 2 });
    const ask = () => sendRaw(clientUrl, { target: "/client/queue/list" });
    expect([await ask(), await ask(), (await ask())?.status]).toEqual([undefined, undefined, 200]);
  });

  it("garbage is not HTTP", async () => {
    const { serviceUrl, faults } = await startSimulator();
    faults.set({ port: "service", route: "*", fault: { kind: "garbage" } });
    const answer = await exchange(serviceUrl, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(answer.length).toBeGreaterThan(0);
    expect(answer).not.toContain("HTTP/");
  });

  it("html is a web page with 200, before authentication", async () => {
    const { clientUrl, faults } = await startSimulator({ clientAuth: { type: "bearer", value: "x" } });
    faults.set({ port: "client", route: "/client/queue/retry", method: "POST", fault: { kind: "html" } });
    const page = await sendRaw(clientUrl, { method: "POST", target: "/client/queue/retry", body: "{}" });
    expect(page?.headers).toContainEqual(["Content-type", "text/html; charset=utf-8"]);
    expect((await sendRaw(clientUrl, { target: "/client/queue/retry" }))?.status).toBe(405);
  });

  it("status sends what it is told, the newest rule first, until cleared", async () => {
    const { clientUrl, faults } = await startSimulator();
    faults.set({ port: "client", route: "*", fault: { kind: "status", status: 503 } });
    faults.set({ port: "client", route: "/health", fault: { kind: "status", status: 418, body: "tea" } });
    expect(await sendRaw(clientUrl, { target: "/health" })).toMatchObject({ status: 418, body: "tea" });
    expect(await sendRaw(clientUrl, { target: "/nope" })).toMatchObject({ status: 503, body: "Simulated fault" });
    faults.clear();
    expect((await sendRaw(clientUrl, { target: "/health" }))?.status).toBe(200);
  });

  it("status 204 has neither length nor body", async () => {
    const { clientUrl, faults } = await startSimulator();
    faults.set({ port: "client", route: "/health", fault: { kind: "status", status: 204 } });
    const answer = await sendRaw(clientUrl, { target: "/health" });
    expect(answer?.headers.map(([name]) => name)).toEqual(["Date", "Content-type"]);
    expect(answer?.body).toBe("");
  });

  it("a mistake of the simulator closes the connection and is reported", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    let broken = false;
    const now = () => {
      if (broken) throw new Error("the clock stopped");
      return noon;
    };
    const { clientUrl } = await startSimulator({ clock: { now } });
    broken = true;
    expect(await sendRaw(clientUrl, { target: "/client/queue/list" })).toBeUndefined();
    expect(warn).toHaveBeenCalledWith(expect.objectContaining({ message: "the clock stopped" }));
    warn.mockRestore();
  });

  it("blackHole never answers, lets others pass and ends with the simulator", async () => {
    const robin = await createRobinSimulator({ items: 0 });
    robin.faults.set({ port: "client", route: "/client/queue/list", fault: { kind: "blackHole" } });
    const swallowed = sendRaw(robin.clientUrl, { target: "/client/queue/list" });
    await vi.waitFor(() => {
      expect(robin.requests).toHaveLength(1);
    });
    expect((await sendRaw(robin.clientUrl, { target: "/health" }))?.status).toBe(200);
    await robin.close();
    expect(await swallowed).toBeUndefined();
  });

  it("a rule that could never hit is refused", async () => {
    const { faults } = await startSimulator();
    const fault = { kind: "reset" } as const;
    expect(() => {
      faults.set({ port: "client", route: "health", fault });
    }).toThrow(RangeError);
    expect(() => {
      faults.set({ port: "client", route: "/health", method: "get", fault });
    }).toThrow(RangeError);
    expect(() => {
      faults.set({ port: "client", route: "/health", fault, times: 0 });
    }).toThrow(RangeError);
    expect(() => {
      faults.set({ port: "client", route: "/health", fault: { kind: "status", status: 100 } });
    }).toThrow(RangeError);
  });
});

describe("service health", () => {
  it("200 with the queue's numbers, in Robin's hand-made JSON", async () => {
    const clock = createManualClock(noon);
    const robin = await startSimulator({ clock });
    robin.queue.add({ nextAttemptAtSeconds: 1795435000 });
    robin.queue.add({ state: "CLAIMED", claimedUntilSeconds: 1795435100 });
    robin.queue.add({ state: "DEAD" });
    clock.advance(((26 * 60 + 5) * 60 + 7) * 1000);
    const answer = await sendRaw(robin.serviceUrl, { method: "POST", target: "/healthz" });
    expect(answer?.body).toMatch(
      /^\{"status":"UP", "uptime":"1d 2h 5m 7s", "listeners":\[\{"port":2525,"threadPool":\{"core":1,/,
    );
    expect(answer?.body).toContain(
      ', "queue":{"size":2,"ready":1,"claimed":1,"dead":1,"oldestReadyAtEpochSeconds":1795435000,"oldestClaimedAtEpochSeconds":1795435100,"reschedules":0}, "scheduler":{"config":{"totalRetries":30,"firstWaitMinutes":1,"growthFactor":1.20},"service":{"startDelaySeconds":86400,',
    );
    expect(answer?.body).toMatch(/"completedTaskCount":0\}, "lmtpPool":\{"enabled":false\}\}$/);
    expect(() => {
      JSON.parse(answer?.body ?? "");
    }).not.toThrow();
  });

  it("200 in short without credentials", async () => {
    const { serviceUrl } = await startSimulator({ serviceAuth: { type: "bearer", value: "x" } });
    const answer = await sendRaw(serviceUrl, { target: "/health", headers: { Authorization: "Bearer y" } });
    expect(answer).toMatchObject({ status: 200, body: '{"status":"UP", "uptime":"0d 0h 0m 0s"}' });
  });
});

describe("start", () => {
  it("a taken port fails the start and leaves the other port free", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const servicePort = typeof address === "object" && address !== null ? address.port : 0;
    await expect(createRobinSimulator({ servicePort })).rejects.toMatchObject({ code: "EADDRINUSE" });
    taken.close();
  });

  it("an IPv6 host gets brackets in its URLs", async () => {
    const { clientUrl } = await startSimulator({ host: "::1" });
    expect(clientUrl).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  it("the worker's timer moves the queue and ends with the simulator", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      const robin = await createRobinSimulator({ worker: true, seed: 3 });
      const before = robin.queue.items();
      await vi.advanceTimersByTimeAsync(5_000);
      expect(robin.queue.items()).not.toEqual(before);
      await robin.close();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
