import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Member } from "./crew.ts";
import { createMetricsPool } from "./process-metrics.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(size: number) {
  const members: Member[] = [];
  const pool = createMetricsPool({ members: () => members, restarts: () => 3 });
  const join = ({ answers = true } = {}) => {
    const registry = new Registry();
    const registers = [registry];
    const requests = new Counter({ name: "requests_total", help: "r", labelNames: ["status"], registers });
    const seconds = new Histogram({ name: "seconds", help: "s", buckets: [1], registers });
    const breaker = new Gauge({ name: "breaker", help: "b", aggregator: "max", registers });
    const exit = Promise.withResolvers<string>();
    const member: Member = {
      pid: 1,
      ready: new Promise(() => undefined),
      exited: exit.promise,
      kill: () => undefined,
      send(order) {
        if (order.type !== "metrics.collect" || !answers) return;
        void registry.getMetricsAsJSON().then((metrics) => {
          // As it comes from another process.
          const sent = JSON.parse(JSON.stringify(metrics)) as typeof metrics;
          pool.receive(member, { type: "metrics.collected", id: order.id, metrics: sent });
        });
      },
    };
    members.push(member);
    const leave = () => {
      members.splice(members.indexOf(member), 1);
      pool.bury(member);
      exit.resolve("exit code 0");
    };
    return { requests, seconds, breaker, leave, exit };
  };
  return { pool, join, all: Array.from({ length: size }, () => join()) };
}

describe("the metrics of all processes", () => {
  it("are their sums, or what the meter says", async () => {
    const { pool, all } = setUp(2);
    for (const [index, { requests, seconds, breaker }] of all.entries()) {
      requests.inc({ status: "200" }, 10);
      seconds.observe(0.5);
      breaker.set(index);
    }
    const text = await pool.collect();
    for (const line of [
      'requests_total{status="200"} 20',
      'seconds_bucket{le="1"} 2',
      "seconds_count 2",
      "breaker 1",
      "gateway_processes 2",
      "gateway_process_restarts_total 3",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
  });

  it("keep the counts of those that ended, and forget how they were", async () => {
    const { pool, join, all } = setUp(2);
    for (const { requests, breaker } of all) {
      requests.inc({ status: "200" }, 10);
      breaker.set(2);
    }
    await pool.collect();
    for (const { leave } of all) leave();
    const next = join();
    next.requests.inc({ status: "200" }, 1);
    next.breaker.set(0);
    const lines = (await pool.collect()).split("\n");
    expect(lines).toContain('requests_total{status="200"} 21');
    expect(lines).toContain("breaker 0");
  });

  it("wait no longer than a second for one that says nothing", async () => {
    const { pool, join, all } = setUp(1);
    all[0]?.requests.inc({ status: "200" }, 5);
    join({ answers: false });
    const text = pool.collect();
    await vi.advanceTimersByTimeAsync(1000);
    expect(await text).toContain('requests_total{status="200"} 5');
  });

  it("do not wait for one that ends meanwhile", async () => {
    const { pool, join } = setUp(1);
    const { exit } = join({ answers: false });
    const text = pool.collect();
    exit.resolve("signal SIGKILL");
    expect(await text).toContain("gateway_processes 2");
  });
});
