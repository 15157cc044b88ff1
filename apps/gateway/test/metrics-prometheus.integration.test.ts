import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let proxied: TestGateway;
let admin: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway();
  proxied = await startTestGateway({ beside: gateway, app: { trustProxy: 1, metricsToken: "a-token-of-prometheus" } });
  admin = await gateway.signIn();
});
afterAll(async () => {
  await proxied.close();
  await gateway.close();
});

const scrape = async (from = gateway) => (await from.request("/metrics")).text;
/** The value of a series, 0 when it is not there. */
function valueOf(text: string, name: string, labels: Record<string, string>): number {
  const line = text
    .split("\n")
    .find(
      (each) =>
        each.startsWith(`${name}{`) &&
        Object.entries(labels).every(([key, value]) => each.includes(`${key}="${value}"`)),
    );
  return Number(line?.split(" ").at(-1) ?? 0);
}

describe("GET /metrics", () => {
  const prometheusAccept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

  it.each([
    ["/metrics", undefined],
    ["/metrics", prometheusAccept],
    ["/metrics", "*/*"],
    ["/metrics?metric=CPU_USAGE", "text/plain"],
    ["/actuator/prometheus", undefined],
    ["/actuator/prometheus", "application/json"],
  ])("200 with the text of Prometheus at %s for who accepts %s", async (path, accept) => {
    const answer = await gateway.request(path, { headers: accept === undefined ? {} : { accept } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(answer.text).toContain("# TYPE gateway_requests_total counter");
    expect(answer.text).toContain("process_cpu_seconds_total ");
  });

  it.each([
    ["/metrics", "application/json"],
    ["/metrics", "application/json, text/plain, */*"],
    ["/metrics?start=2027-03-31T12:00:00Z&end=2027-03-31T13:00:00Z", "*/*"],
  ])("200 with the UI's series at %s for who accepts %s, and 401 without a sign-in", async (path, accept) => {
    const answer = await gateway.request(path, { token: admin.token, headers: { accept } });
    expect(answer.body).toHaveProperty("series");
    expect((await gateway.request(path, { headers: { accept } })).status).toBe(401);
  });

  it("405 for another method, with those that there are", async () => {
    const answer = await gateway.request("/metrics", { method: "POST", token: admin.token });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toMatch(/^GET, HEAD/);
  });
});

describe("who may read it", () => {
  const from = (address: string, headers = {}) =>
    proxied.request("/metrics", { headers: { "x-forwarded-for": address, ...headers } });

  it.each(["127.0.0.1", "10.1.2.3", "192.168.0.9", "fd00::1"])(
    "200 for the client %s behind a proxy",
    async (address) => {
      expect((await from(address)).status).toBe(200);
    },
  );

  it.each(["203.0.113.9", "2001:db8::9", "10.1.2.3, 203.0.113.9"])(
    "401 for %s, whom the proxy let through",
    async (address) => {
      const answer = await from(address);
      expect(answer.status).toBe(401);
      expect(answer.body).toMatchObject({ code: "unauthenticated" });
      expect(answer.text).not.toContain("gateway_requests_total");
    },
  );

  it("200 from anywhere with METRICS_TOKEN, 401 with another one", async () => {
    const authorized = (authorization: string) => from("203.0.113.9", { authorization });
    expect((await authorized("Bearer a-token-of-prometheus")).status).toBe(200);
    expect((await authorized("bearer a-token-of-prometheus")).status).toBe(200);
    for (const wrong of [
      "Bearer a-token-of-prometheuS",
      "Bearer a-token-of",
      "Bearer ",
      "Basic a-token-of-prometheus",
    ]) {
      expect((await authorized(wrong)).status).toBe(401);
    }
    expect((await authorized(`Bearer ${admin.token}`)).status).toBe(401);
  });

  it.each(["x-forwarded-for", "forwarded", "x-real-ip"])(
    "403 with %s although TRUST_PROXY names no proxy: everybody would come from its private address",
    async (header) => {
      const answer = await gateway.request("/metrics", { headers: { [header]: "10.0.0.1" } });
      expect(answer.status).toBe(403);
    },
  );

  it("401 when the proxy names the client in a header that is not read", async () => {
    expect((await proxied.request("/metrics", { headers: { "x-real-ip": "10.0.0.1" } })).status).toBe(401);
  });
});

describe("what it shows", () => {
  it("requests by the pattern of their route, on both families of paths", async () => {
    const before = await scrape();
    await gateway.request("/api/v1/users/900001", { token: admin.token });
    await gateway.request("/queue?limit=1", { token: admin.token });
    await gateway.request("/api/v1/queue?limit=1");
    await gateway.request("/trpc/auth.me", { token: admin.token });
    await gateway.request("/trpc/auth.me,auth.me?batch=1", { token: admin.token });
    await gateway.request("/health/live");
    const after = await scrape();
    const counted = (endpoint: string, status: string) =>
      valueOf(after, "gateway_requests_total", { method: "GET", endpoint, status }) -
      valueOf(before, "gateway_requests_total", { method: "GET", endpoint, status });
    expect(counted("/api/v1/users/{id}", "404")).toBe(1);
    expect(counted("/api/v1/queue", "200")).toBe(1);
    expect(counted("/api/v1/queue", "401")).toBe(1);
    expect(counted("/trpc/auth.me", "200")).toBe(1);
    expect(counted("/trpc/{batch}", "200")).toBe(1);
    expect(counted("/health/live", "200")).toBe(1);
    expect(after).toMatch(
      /^gateway_request_duration_seconds_bucket\{le="0\.001",method="GET",endpoint="\/health\/live"\} \d/m,
    );
  });

  it("no more series, whatever is asked for", async () => {
    const series = (text: string) =>
      text.split("\n").filter((line) => line.startsWith("gateway_requests_total")).length;
    await gateway.request("/nothing/here");
    await gateway.request("/trpc/nothing.here");
    await gateway.request("/nothing", { method: "PROPFIND" });
    const before = series(await scrape());
    for (let n = 0; n < 20; n += 1) {
      await gateway.request(`/nothing/${n}?x=${n}`);
      await gateway.request(`/api/v1/nothing/${n}`);
      await gateway.request(`/trpc/nothing${n}.here`);
      await gateway.request(`/docs/${n}`);
    }
    for (const method of ["PURGE", "MKCOL", "LOCK"]) await gateway.request("/nothing", { method });
    expect(series(await scrape())).toBeLessThanOrEqual(before + 1);
  });

  it("calls to Robin and the states of both breakers", async () => {
    const labels = { service: "client", endpoint: "/client/queue/list", outcome: "ok" };
    const before = valueOf(await scrape(), "gateway_upstream_requests_total", labels);
    await gateway.request("/queue?limit=1&state=READY", { token: admin.token });
    const after = await scrape();
    expect(valueOf(after, "gateway_upstream_requests_total", labels)).toBe(before + 1);
    expect(after).toContain('gateway_upstream_duration_seconds_count{service="client",endpoint="/client/queue/list"}');
    expect(after).toContain('gateway_circuit_breaker_state{service="client"} 0');
    expect(after).toContain('gateway_circuit_breaker_state{service="service"} 0');
  });

  it("an open breaker as 2", async () => {
    const failing = await startTestGateway({ beside: gateway, robin: { breaker: { failureThreshold: 1 } } });
    gateway.simulator.faults.set({ port: "client", route: "*", fault: { kind: "reset" } });
    await failing.request("/queue", { token: admin.token });
    gateway.simulator.faults.clear();
    const text = await scrape(failing);
    expect(text).toContain('gateway_circuit_breaker_state{service="client"} 2');
    expect(valueOf(text, "gateway_upstream_requests_total", { service: "client", outcome: "network" })).toBe(1);
    await failing.close();
  });

  it("how many calls are at Robin's ports and wait for their turn, and which version this is", async () => {
    const narrow = await startTestGateway({ beside: gateway, robin: { maxConnections: 1 } });
    gateway.simulator.faults.set({ port: "service", route: "*", fault: { kind: "blackHole" } });
    const { signal, abort } = abortable();
    const calls = [1, 2, 3].map(() => narrow.deps.robin.health.service({ signal }).catch(() => undefined));
    const text = await scrape(narrow);
    abort();
    gateway.simulator.faults.clear();
    await Promise.all(calls);
    await narrow.close();
    expect(text).toContain('gateway_upstream_running{service="service"} 1');
    expect(text).toContain('gateway_upstream_waiting{service="service"} 2');
    expect(text).toContain('gateway_upstream_waiting{service="client"} 0');
    expect(text).toMatch(/^gateway_build_info\{version="\d+\.\d+\.\d+",node="v\d+\.\d+\.\d+"\} 1$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(text).toContain("gateway_log_lines_dropped_total 0");
  });

  it("the queue by state, as the worker found it; nothing when it has not looked, or long ago, or the database is away", async () => {
    const states = async () => (await scrape()).split("\n").filter((line) => line.startsWith("robin_queue_items"));
    const lookedAt = (agoMs: number) => new Date(gateway.clock.now().getTime() - agoMs);
    expect(await states()).toEqual([]);
    await gateway.db.queueWatch.create({ data: { id: 1, lookedAt: lookedAt(1000), ready: 7, dead: 2 } });
    expect(await states()).toEqual([
      'robin_queue_items{state="ready"} 7',
      'robin_queue_items{state="claimed"} 0',
      'robin_queue_items{state="dead"} 2',
    ]);
    gateway.databaseProxy.stall();
    expect(await states()).toEqual([]);
    gateway.databaseProxy.restore();
    await gateway.db.queueWatch.update({ where: { id: 1 }, data: { lookedAt: lookedAt(6 * 60_000) } });
    expect(await states()).toEqual([]);
  });
});

function abortable(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: () => {
      controller.abort();
    },
  };
}
