import { createManualClock, createRobinSimulator } from "@robin/simulator";
import { describe, expect, it } from "vitest";
import { isRobinError, type MetricFamily } from "../index.ts";
import { createTestClient, rejection } from "../testing/stand-in.ts";
import { parsePrometheusText } from "./metrics.text.ts";

const recorded = `# HELP jvm_gc_pause_seconds Time spent in GC pause
# TYPE jvm_gc_pause_seconds summary
jvm_gc_pause_seconds_count{action="end of minor GC",cause="G1 Evacuation Pause",gc="G1 Young Generation"} 1
jvm_gc_pause_seconds_sum{action="end of minor GC",cause="G1 Evacuation Pause",gc="G1 Young Generation"} 0.079
# HELP jvm_gc_pause_seconds_max Time spent in GC pause
# TYPE jvm_gc_pause_seconds_max gauge
jvm_gc_pause_seconds_max{action="end of minor GC",cause="G1 Evacuation Pause",gc="G1 Young Generation"} 0.0
# HELP jvm_memory_used_bytes The amount of used memory
# TYPE jvm_memory_used_bytes gauge
jvm_memory_used_bytes{area="heap",id="G1 Eden Space"} 7.5497472E7
jvm_memory_used_bytes{area="nonheap",id="CodeHeap 'non-nmethods'"} 1916672.0
# HELP process_cpu_time_ns_total The "cpu time" used by the Java Virtual Machine process
# TYPE process_cpu_time_ns_total counter
process_cpu_time_ns_total 9.17E9
`;

describe("parsePrometheusText", () => {
  it("groups what Robin answered into families", () => {
    const families = parsePrometheusText(recorded);
    const labels = { action: "end of minor GC", cause: "G1 Evacuation Pause", gc: "G1 Young Generation" };
    expect(families.map(({ name, type, samples }) => [name, type, samples.length])).toEqual([
      ["jvm_gc_pause_seconds", "summary", 2],
      ["jvm_gc_pause_seconds_max", "gauge", 1],
      ["jvm_memory_used_bytes", "gauge", 2],
      ["process_cpu_time_ns_total", "counter", 1],
    ]);
    expect(families[0]?.samples[1]).toEqual({ name: "jvm_gc_pause_seconds_sum", labels, value: 0.079 });
    expect(families[2]?.samples[0]).toEqual({
      name: "jvm_memory_used_bytes",
      labels: { area: "heap", id: "G1 Eden Space" },
      value: 75_497_472,
    });
    expect(families[3]?.help).toBe('The "cpu time" used by the Java Virtual Machine process');
  });

  it.each<[string, MetricFamily[]]>([
    ["", []],
    ["# just a comment\n#HELP\n\n", []],
    ["a NaN\n", [{ name: "a", type: "untyped", samples: [{ name: "a", labels: {}, value: Number.NaN }] }]],
    [
      "a +Inf 1500\r\n",
      [{ name: "a", type: "untyped", samples: [{ name: "a", labels: {}, value: Infinity, at: new Date(1500) }] }],
    ],
    ["a -Inf", [{ name: "a", type: "untyped", samples: [{ name: "a", labels: {}, value: -Infinity }] }]],
    [
      'a{x="1,}\\"\\\\\\n", y="",} 2',
      [{ name: "a", type: "untyped", samples: [{ name: "a", labels: { x: '1,}"\\\n', y: "" }, value: 2 }] }],
    ],
    [
      "# TYPE a odd\na_count 1",
      [
        { name: "a", type: "untyped", samples: [] },
        { name: "a_count", type: "untyped", samples: [{ name: "a_count", labels: {}, value: 1 }] },
      ],
    ],
    [
      "# HELP a x\\\\y\\nz\na{} 1",
      [{ name: "a", type: "untyped", help: "x\\y\nz", samples: [{ name: "a", labels: {}, value: 1 }] }],
    ],
  ])("reads %j", (text, families) => {
    expect(parsePrometheusText(text)).toEqual(families);
  });

  it("a label named as a property of objects is a label", () => {
    const [family] = parsePrometheusText('a{__proto__="x",constructor="y"} 1');
    expect(Object.entries(family?.samples[0]?.labels ?? {})).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  it.each(["<html>", "a", "a x", 'a{x="1} 2', "a{x=1} 2", 'a{x="1" y="2"} 3', "1a 2"])("refuses %j", (text) => {
    expect(() => parsePrometheusText(text)).toThrow();
  });
});

describe("metrics.read", () => {
  it("trap 43: has Robin's 17 counters and the JVM, and nothing about queue or deliveries", async () => {
    const clock = createManualClock(new Date("2026-11-23T12:00:00Z"));
    const simulator = await createRobinSimulator({ items: 3, clock });
    await using client = createTestClient(simulator.clientUrl, { serviceApi: { url: simulator.serviceUrl } });
    clock.advance(3_600_000);
    const families = await client.metrics.read();
    const own = families.filter(({ name }) => name.startsWith("robin_"));
    expect(own).toHaveLength(17);
    expect(own.every(({ type, samples }) => type === "counter" && samples.length === 1)).toBe(true);
    expect(own.find(({ name }) => name === "robin_email_receipt_start_total")?.samples[0]?.value).toBeGreaterThan(0);
    expect(families.some(({ name }) => /queue|deliver/.test(name))).toBe(false);
    expect(simulator.requests.at(-1)?.headers).toMatchObject({ connection: "close", accept: "text/plain" });
    simulator.faults.set({ port: "service", route: "/metrics/prometheus", fault: { kind: "html" } });
    expect(await rejection(client.metrics.read(), isRobinError)).toMatchObject({ kind: "invalid-response" });
    await simulator.close();
  });
});
