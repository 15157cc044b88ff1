import type { JobQueues } from "@robin/jobs";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export interface EndedJob {
  name: string;
  outcome: "done" | "failed";
  durationMs: number;
  /** What a handler resolved with. */
  result?: unknown;
}

export interface Meters {
  registry: Registry;
  onJob: (job: EndedJob) => void;
}

/** What the worker tells Prometheus: of the process, of what it did, and of what waits. */
export function createMeters(queues: Pick<JobQueues, "counts">): Meters {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const durations = new Histogram({
    name: "worker_job_duration_seconds",
    help: "How long jobs took, by name and outcome.",
    // Not `job`, which Prometheus has a meaning of its own for.
    labelNames: ["name", "outcome"],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60],
    registers,
  });
  const robinTime = new Counter({
    name: "worker_queue_poll_robin_seconds_total",
    help: "Robin's time that reading its queue took up.",
    registers,
  });
  new Gauge({
    name: "worker_jobs",
    help: "Jobs by state, of all workers.",
    labelNames: ["name", "state"],
    registers,
    async collect() {
      this.reset();
      // While the server is away nobody knows.
      const counts = await queues.counts().catch(() => undefined);
      for (const [name, byState] of counts ?? []) {
        for (const [state, count] of Object.entries(byState)) this.set({ name, state }, count as number);
      }
    },
  });
  return {
    registry,
    onJob: ({ name, outcome, durationMs, result }) => {
      durations.observe({ name, outcome }, durationMs / 1000);
      if (typeof result === "object" && result !== null && "robinMs" in result && typeof result.robinMs === "number") {
        robinTime.inc(result.robinMs / 1000);
      }
    },
  };
}
