import type { MetricFamily } from "@robin/sdk";
import { describe, expect, it } from "vitest";
import { fromHealth, fromMeters, memoryPercent } from "./robin-reading.ts";

const family = (name: string, ...samples: [value: number, labels?: Record<string, string>][]): MetricFamily => ({
  name,
  type: "gauge",
  samples: samples.map(([value, labels = {}]) => ({ name, labels, value })),
});
const pool = (id: string, area = "heap") => ({ area, id });

describe("fromHealth", () => {
  const health = {
    status: "UP",
    uptime: "0d 0h 0m 9s",
    uptimeSeconds: 9,
    listeners: [
      { port: 25, threadPool: { active: 2 } },
      { port: 587, threadPool: { active: 3 } },
    ],
    queue: { size: 7, ready: 6, claimed: 1, dead: 4, reschedules: 0 },
    lmtpPool: { enabled: true, deliverySuccesses: 20 },
  };

  it("adds up the clients of all listeners, and takes the queue and what LMTP delivered", () => {
    expect(fromHealth(health)).toEqual({
      uptimeSeconds: 9,
      queueSize: 7,
      processing: 1,
      failed: 4,
      connections: 5,
      sentTotal: 20,
    });
  });

  it("counts no delivery while there is no LMTP pool, and does not know when Robin does not tell of one", () => {
    expect(fromHealth({ ...health, lmtpPool: { enabled: false } }).sentTotal).toBe(0);
    expect(fromHealth({ ...health, lmtpPool: { enabled: true } })).not.toHaveProperty("sentTotal");
  });

  it("knows nothing but the uptime from the short form", () => {
    expect(fromHealth({ status: "UP", uptime: "0d 0h 0m 9s", uptimeSeconds: 9 })).toEqual({ uptimeSeconds: 9 });
    expect(fromHealth({ status: "UP", uptime: "long" })).toEqual({});
  });

  it("does not know how many clients there are when one listener does not tell; no listener has none", () => {
    expect(fromHealth({ ...health, listeners: [...health.listeners, { port: 465 }] })).not.toHaveProperty(
      "connections",
    );
    expect(fromHealth({ ...health, listeners: [] }).connections).toBe(0);
  });
});

describe("fromMeters", () => {
  it("adds up the heap's pools, of which G1 limits one", () => {
    const reading = fromMeters([
      family("jvm_memory_used_bytes", [10, pool("Eden")], [20, pool("Old Gen")], [99, pool("Metaspace", "nonheap")]),
      family("jvm_memory_max_bytes", [-1, pool("Eden")], [120, pool("Old Gen")], [999, pool("Metaspace", "nonheap")]),
    ]);
    expect(reading).toEqual({ memoryUsedBytes: 30, memoryMaxBytes: 120 });
    expect(memoryPercent(reading)).toBe(25);
  });

  it("takes CPU, cores, load and the counter of messages", () => {
    const families = [
      family("system_cpu_usage", [0.125]),
      family("system_cpu_count", [4]),
      family("system_load_average_1m", [0.42]),
      family("robin_email_receipt_success_total", [1520]),
    ];
    expect(fromMeters(families)).toEqual({ cpuPercent: 12.5, cores: 4, loadAverage: 0.42, receivedTotal: 1520 });
    expect(fromMeters([family("system_cpu_usage", [1.01])]).cpuPercent).toBe(100);
  });

  it.each([Number.NaN, -1, Infinity, -Infinity])("does not know what Java writes as %d", (value) => {
    const families = [
      family("system_cpu_usage", [value === Infinity ? Number.NaN : value]),
      family("system_cpu_count", [value]),
      family("system_load_average_1m", [value]),
      family("robin_email_receipt_success_total", [value]),
      family("jvm_memory_used_bytes", [value === Infinity ? -1 : value, pool("Eden")]),
      family("jvm_memory_max_bytes", [value, pool("Eden")]),
    ];
    expect(fromMeters(families)).toEqual({});
  });

  it("knows nothing where there is nothing", () => {
    expect(fromMeters([])).toEqual({});
    expect(fromMeters([family("system_cpu_usage")])).toEqual({});
    expect(memoryPercent({})).toBeUndefined();
  });
});
