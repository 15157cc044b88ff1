import { createRobinSimulator } from "@robin/simulator";
import { describe, expect, it } from "vitest";
import recorded from "../testing/recorded-answers.json" with { type: "json" };
import { createTestClient } from "../testing/stand-in.ts";
import { parseServiceHealth } from "./health.ts";

const parse = (text: string) => parseServiceHealth(Buffer.from(text));

describe("parseServiceHealth", () => {
  it("turns epoch seconds into instants, milliseconds into Ms, and 0 into nothing", () => {
    const health = parse(recorded.serviceHealthFull);
    expect(health).toMatchObject({ status: "UP", uptime: "0d 0h 17m 13s", uptimeSeconds: 1033 });
    expect(health.listeners?.[0]).toMatchObject({ port: 2525, threadPool: { max: 10, keepAliveSeconds: 60 } });
    expect(health.queue).toEqual({
      size: 12,
      ready: 12,
      claimed: 0,
      dead: 1,
      reschedules: 0,
      oldestReadyAt: new Date(1_795_410_182_000),
    });
    expect(health.scheduler?.config).toEqual({ totalRetries: 30, firstWaitMinutes: 1, growthFactor: 1.2 });
    expect(health.scheduler?.service).toMatchObject({ dispatchIdleMaxMs: 250, outcomeFlushMs: 5 });
    expect(health.scheduler?.service?.nextHousekeepingAt).toEqual(new Date(1_795_496_039_000));
    expect(health.scheduler?.service).not.toHaveProperty("lastDispatchAt");
    expect(health.metricsCron).toEqual({ intervalSeconds: 15 });
    expect(health.botPool).toMatchObject({ enabled: true, type: "cachedThreadPool" });
    expect(health.lmtpPool).toEqual({ enabled: false });
    expect(parse(recorded.serviceHealthClaimed).queue?.oldestClaimedAt).toEqual(new Date(1_795_410_745_000));
  });

  it("reads the short form, which Robin gives without credentials", () => {
    expect(parse(recorded.serviceHealthShort)).toEqual({ status: "UP", uptime: "0d 0h 2m 38s", uptimeSeconds: 158 });
  });

  it("reads the growth factor of a German JVM, which is no JSON", () => {
    const german = recorded.serviceHealthFull.replace('"growthFactor":1.20', '"growthFactor":1,20');
    expect(() => JSON.parse(german) as unknown).toThrow();
    expect(parse(german)).toEqual(parse(recorded.serviceHealthFull));
  });

  it("ignores keys it does not know and an uptime it cannot read", () => {
    expect(parse('{"status":"UP","uptime":"long","news":{"a":1},"botPool":{"enabled":false,"x":1}}')).toEqual({
      status: "UP",
      uptime: "long",
      botPool: { enabled: false },
    });
  });

  it.each(["", "{", "[]", '{"status":"UP"}', '{"status":"UP","uptime":"1d","queue":{"size":"x"}}'])(
    "refuses %j",
    (text) => {
      expect(() => parse(text)).toThrow();
    },
  );
});

describe("health over HTTP", () => {
  it("asks each port for its own health", async () => {
    const simulator = await createRobinSimulator({ items: 3, serviceAuth: { type: "basic", value: "admin:s3cret" } });
    await using client = createTestClient(simulator.clientUrl, {
      serviceApi: { url: simulator.serviceUrl, auth: { type: "basic", username: "admin", password: "s3cret" } },
    });
    expect(await client.health.client()).toEqual({ status: "UP" });
    const { queue, listeners } = await client.health.service();
    expect(queue?.size).toBe(simulator.queue.size);
    expect(listeners?.length).toBeGreaterThan(0);
    expect(simulator.requests.map(({ port, target }) => `${port} ${target}`)).toEqual([
      "client /health",
      "service /health",
    ]);
    await simulator.close();
  });

  it("gets the short form with wrong credentials", async () => {
    const simulator = await createRobinSimulator({ items: 0, serviceAuth: { type: "bearer", value: "right" } });
    await using client = createTestClient(simulator.serviceUrl, {
      serviceApi: { url: simulator.serviceUrl, auth: { type: "bearer", token: "wrong" } },
    });
    const health = await client.health.service();
    expect(Object.keys(health).sort()).toEqual(["status", "uptime", "uptimeSeconds"]);
    await simulator.close();
  });
});
