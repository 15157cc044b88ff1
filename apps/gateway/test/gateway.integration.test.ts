import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await startTestGateway({ cache: true });
  ({ token } = await gateway.signIn("ROLE_ADMIN"));
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.simulator.faults.clear();
});

const get = async (path: string) => {
  const { status, body } = await gateway.request(path, { token });
  expect(status).toBe(200);
  return body;
};

describe("GET /api/v1/gateway/status", () => {
  it("200 with how this process is", async () => {
    expect(await get("/api/v1/gateway/status")).toMatchObject({
      pid: process.pid,
      node: process.version,
      cache: { enabled: true, bytesMax: 16 * 1024 ** 2 },
      ports: [
        { service: "client", state: "closed" },
        { service: "service", state: "closed" },
      ],
    });
  });
});

describe("GET /api/v1/gateway/breakers", () => {
  it("200 with the port open that has failed, and the other closed", async () => {
    gateway.simulator.faults.set({ port: "client", route: "*", fault: { kind: "reset" } });
    for (let page = 1; page <= 5; page += 1) await gateway.request(`/api/v1/queue?page=${page}`, { token });
    expect(await get("/api/v1/gateway/breakers")).toEqual({
      ports: [
        { service: "client", state: "open", running: 0, waiting: 0 },
        { service: "service", state: "closed", running: 0, waiting: 0 },
      ],
    });
  });
});

describe("/api/v1/gateway/cache", () => {
  interface Cache {
    entries: number;
    bytes: number;
    operations: Record<string, unknown>[];
  }

  it("200 with what each operation has had of it, and DELETE drops all", async () => {
    for (let time = 1; time <= 3; time += 1) await get("/api/v1/config/sync");
    const before = (await get("/api/v1/gateway/cache")) as Cache;
    expect(before.operations).toContainEqual({
      procedure: "config.syncStatus",
      ttlMs: 5000,
      hit: 2,
      miss: 1,
      stale: 0,
      coalesced: 0,
    });
    expect(before.entries).toBeGreaterThan(0);
    const dropped = await gateway.request("/api/v1/gateway/cache", { method: "DELETE", token });
    expect(dropped.body).toEqual({ dropped: before.entries });
    expect(await get("/api/v1/gateway/cache")).toMatchObject({ entries: 0, bytes: 0 });
    const asked = gateway.simulator.requests.length;
    await get("/api/v1/config/sync");
    expect(gateway.simulator.requests.length).toBe(asked + 1);
  });
});
