import { AggregatorRegistry, type Registry } from "prom-client";
import type { Member } from "./crew.ts";
import type { ProcessMetrics, Report } from "./process-messages.ts";

/** A process that says nothing meanwhile is dying, or blocked; the others' numbers are wanted all the same. */
const answerLimitMs = 1000;

/** In the primary: one exposition for all processes. */
export interface MetricsPool {
  /** In Prometheus' format; within a second, whatever the processes do. */
  collect(): Promise<string>;
  receive(member: Member, report: Report): void;
  /** Keeps the counts of a process that has ended, so that no counter goes back. */
  bury(member: Member): void;
}

interface PoolOptions {
  /** Those that serve. */
  members: () => readonly Member[];
  restarts: () => number;
}

export function createMetricsPool({ members, restarts }: PoolOptions): MetricsPool {
  const latest = new Map<Member, ProcessMetrics>();
  const asked = new Map<number, (member: Member) => void>();
  let ended: Promise<ProcessMetrics> = Promise.resolve([]);
  let lastId = 0;

  async function askAll(): Promise<void> {
    const id = (lastId += 1);
    const missing = new Set(members());
    const answered = new Promise<void>((resolve) => {
      const heard = (member?: Member): void => {
        if (member) missing.delete(member);
        if (missing.size === 0) resolve();
      };
      asked.set(id, heard);
      for (const member of missing) {
        void member.exited.then(() => {
          heard(member);
        });
        member.send({ type: "metrics.collect", id });
      }
      heard();
    });
    let limit: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (limit = setTimeout(resolve, answerLimitMs)));
    await Promise.race([answered, late]);
    clearTimeout(limit);
    asked.delete(id);
  }

  return {
    async collect() {
      await askAll();
      return sumOf([await ended, aboutProcesses(members().length, restarts()), ...latest.values()]).metrics();
    },
    receive(member, report) {
      if (!("type" in report) || report.type !== "metrics.collected") return;
      latest.set(member, report.metrics);
      asked.get(report.id)?.(member);
    },
    bury(member) {
      const counts = (latest.get(member) ?? []).filter(({ type }) => ["counter", "histogram"].includes(String(type)));
      latest.delete(member);
      ended = ended.then((sum) => sumOf([sum, counts]).getMetricsAsJSON());
    },
  };
}

function sumOf(all: ProcessMetrics[]): Registry {
  return AggregatorRegistry.aggregate(all);
}

function aboutProcesses(serving: number, restarts: number): ProcessMetrics {
  const one = (name: string, type: string, help: string, value: number) =>
    ({ name, help, type, aggregator: "sum", values: [{ value, labels: {} }] }) as unknown as ProcessMetrics[number];
  return [
    one("gateway_processes", "gauge", "Processes of the gateway that serve.", serving),
    one(
      "gateway_process_restarts_total",
      "counter",
      "Processes that were started anew after an unexpected end.",
      restarts,
    ),
  ];
}
