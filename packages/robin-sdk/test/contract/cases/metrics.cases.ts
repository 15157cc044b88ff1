import { expect } from "vitest";
import { MetricFamily } from "../../../src/index.ts";
import { expectStatus } from "../expectations.ts";
import type { ContractCase } from "../robin.ts";

/** What every JVM tells of itself. */
const jvmNames = [
  ...["used", "committed", "max"].map((kind) => `jvm_memory_${kind}_bytes`),
  ...["live", "daemon", "peak", "states"].map((kind) => `jvm_threads_${kind}_threads`),
  ...["count_buffers", "memory_used_bytes", "total_capacity_bytes"].map((kind) => `jvm_buffer_${kind}`),
  ...["process_cpu_usage", "system_cpu_count", "system_cpu_usage"],
];

export const metricsCases: ContractCase[] = [
  {
    name: "trap 43: families are sorted, Robin's and the JVM's; there are no queue or delivery metrics",
    async run({ client }) {
      const families = await client.metrics.read();
      expect(families.map((family) => MetricFamily.parse(family))).toEqual(families);
      const names = families.map(({ name }) => name);
      expect(names).toEqual(names.toSorted());
      expect(names).toEqual(expect.arrayContaining([...jvmNames, "robin_email_receipt_start_total"]));
      const robins = families.filter(({ name }) => name.startsWith("robin_"));
      expect(robins).toHaveLength(17);
      expect(new Set(robins.map(({ type }) => type))).toEqual(new Set(["counter"]));
      expect(names.filter((name) => /queue|deliver/.test(name) && name.startsWith("robin_"))).toEqual([]);
    },
  },
  {
    name: "labels tell the samples of a family apart",
    async run({ client }) {
      const memory = (await client.metrics.read()).find(({ name }) => name === "jvm_memory_used_bytes");
      const labels = memory?.samples.map((sample) => JSON.stringify(sample.labels)) ?? [];
      expect(labels.length).toBeGreaterThan(1);
      expect(new Set(labels).size).toBe(labels.length);
      expect(memory?.samples.every(({ value }) => value >= 0)).toBe(true);
    },
  },
  {
    name: "401 is an http error",
    needs: ["credentials of its service port"],
    async run({ stranger }) {
      await expectStatus(stranger.metrics.read(), 401);
    },
  },
];
