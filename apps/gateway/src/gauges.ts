import type { Deps } from "@robin/api";
import type { BreakerState } from "@robin/sdk";
import { Gauge, type Registry } from "prom-client";
import { version } from "./version.ts";

const breakerValues: Record<BreakerState, number> = { closed: 0, "half-open": 1, open: 2 };

/** The worker looks every few seconds; what it found longer ago may have little to do with the queue of today. */
const totalsValidMs = 5 * 60_000;

/** A scrape has better things to wait for than a database that does not answer. */
const totalsPatienceMs = 500;

/** What is looked up when Prometheus asks. `aggregator` says what becomes of it where there are several processes. */
export function addGauges(registry: Registry, { robin, db, clock }: Pick<Deps, "robin" | "db" | "clock">): void {
  const registers = [registry];
  new Gauge({
    name: "gateway_build_info",
    help: "Always 1; its labels are the versions.",
    labelNames: ["version", "node"],
    aggregator: "first",
    registers,
  }).set({ version, node: process.version }, 1);
  new Gauge({
    name: "gateway_circuit_breaker_state",
    help: "0 closed, 1 half-open, 2 open: then Robin's port is not called.",
    labelNames: ["service"],
    aggregator: "max",
    registers,
    collect() {
      for (const [service, state] of Object.entries(robin.breakers())) this.set({ service }, breakerValues[state]);
    },
  });
  new Gauge({
    name: "gateway_upstream_running",
    help: "Calls that are at Robin's port now.",
    labelNames: ["service"],
    aggregator: "sum",
    registers,
    collect() {
      for (const [service, { running }] of Object.entries(robin.load())) this.set({ service }, running);
    },
  });
  new Gauge({
    name: "gateway_upstream_waiting",
    help: "Calls that wait for their turn at Robin's port; ROBIN_MAX_WAITING bounds them.",
    labelNames: ["service"],
    aggregator: "sum",
    registers,
    collect() {
      for (const [service, { waiting }] of Object.entries(robin.load())) this.set({ service }, waiting);
    },
  });
  new Gauge({
    name: "robin_queue_items",
    help: "Items of Robin's queue, as the worker last found them; absent when that is not known, or long ago.",
    labelNames: ["state"],
    aggregator: "first",
    registers,
    async collect() {
      const totals = await latestTotals();
      this.reset();
      for (const [state, count] of Object.entries(totals ?? {})) this.set({ state }, count);
    },
  });

  async function latestTotals(): Promise<Record<string, number> | undefined> {
    const found = db.queueWatch.findUnique({ where: { id: 1 } }).catch(() => null);
    const watch = await withPatience(found, totalsPatienceMs);
    const isRecent = watch?.lookedAt && clock.now().getTime() - watch.lookedAt.getTime() < totalsValidMs;
    return isRecent ? { ready: watch.ready, claimed: watch.claimed, dead: watch.dead } : undefined;
  }
}

async function withPatience<T>(value: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined);
  });
  return Promise.race([value, late]).finally(() => {
    clearTimeout(timer);
  });
}
