import type { CallOptions, MetricFamily, RobinClient, ServiceHealth } from "@robin/sdk";
import { z } from "zod";

const Known = z.number().min(0).exactOptional();

/** What Robin says of itself at one moment. What it does not say is absent. */
export const RobinReading = z.object({
  uptimeSeconds: Known,
  queueSize: Known,
  /** Claimed for delivery. */
  processing: Known,
  /** Dead; Robin's counter drifts upwards. */
  failed: Known,
  /** Clients of all SMTP listeners. */
  connections: Known,
  /** Since Robin's start: successful DATA commands, and each BDAT chunk. */
  receivedTotal: Known,
  /** Since Robin's start, by its LMTP pool: Robin counts no other deliveries. 0 while it has no such pool. */
  sentTotal: Known,
  /** Of the whole machine. */
  cpuPercent: Known,
  cores: Known,
  loadAverage: Known,
  /** Of the Java heap, all pools together. */
  memoryUsedBytes: Known,
  memoryMaxBytes: Known,
});
export type RobinReading = z.infer<typeof RobinReading>;

type MaybeUnknown = { [Field in keyof RobinReading]?: number | undefined };

/** Two calls of the service port, one after the other. @throws RobinError */
export async function readRobin(robin: RobinClient, options: () => CallOptions): Promise<RobinReading> {
  const health = await robin.health.service(options());
  return { ...fromHealth(health), ...fromMeters(await robin.metrics.read(options())) };
}

/** The short form that Robin gives without credentials tells the uptime alone. */
export function fromHealth({ uptimeSeconds, queue, listeners, lmtpPool }: ServiceHealth): RobinReading {
  const active = listeners?.map(({ threadPool }) => threadPool?.active);
  return known({
    uptimeSeconds,
    queueSize: queue?.size,
    processing: queue?.claimed,
    failed: queue?.dead,
    connections: active?.includes(undefined) ? undefined : active && sum(active),
    sentTotal: lmtpPool?.enabled === false ? 0 : lmtpPool?.deliverySuccesses,
  });
}

/** Of Robin's Prometheus families. Java writes what it does not know as NaN or -1. */
export function fromMeters(families: readonly MetricFamily[]): RobinReading {
  const samplesOf = (name: string) => families.find((family) => family.name === name)?.samples ?? [];
  const only = (name: string) => samplesOf(name)[0]?.value;
  const heap = (name: string) =>
    samplesOf(name).flatMap(({ labels, value }) => (labels.area === "heap" && value >= 0 ? [value] : []));

  const cpu = only("system_cpu_usage");
  const used = heap("jvm_memory_used_bytes");
  // With G1 only one pool has a limit, and that is the limit of the heap.
  const max = heap("jvm_memory_max_bytes");
  return known({
    receivedTotal: only("robin_email_receipt_success_total"),
    cpuPercent: cpu === undefined ? undefined : Math.min(100, cpu * 100),
    cores: only("system_cpu_count"),
    loadAverage: only("system_load_average_1m"),
    memoryUsedBytes: used.length > 0 ? sum(used) : undefined,
    memoryMaxBytes: sum(max) > 0 ? sum(max) : undefined,
  });
}

export function memoryPercent({ memoryUsedBytes, memoryMaxBytes }: RobinReading): number | undefined {
  if (memoryUsedBytes === undefined || memoryMaxBytes === undefined) return undefined;
  return Math.min(100, (memoryUsedBytes / memoryMaxBytes) * 100);
}

function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

function known(values: MaybeUnknown): RobinReading {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && value >= 0 && Number.isFinite(value)),
  );
}
