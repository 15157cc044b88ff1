import { setTimeout as delay } from "node:timers/promises";
import type { Registry } from "prom-client";
import type { Order, Report } from "./process-messages.ts";

/** Longer than the primary waits for the others. */
const answerLimitMs = 3000;

export interface SharedMetrics {
  /** Of all processes; of this one alone when the primary does not answer. */
  expose(): Promise<string>;
  /** Tells the primary the last counts of a process that is about to end. */
  sayLast(): Promise<void>;
}

/** In one of several processes: tells the primary its own metrics when asked, and asks it for everybody's. */
export function shareMetrics(registry: Registry): SharedMetrics {
  const waiting = new Map<number, (text: string) => void>();
  let lastId = 0;

  async function tell(id: number): Promise<void> {
    await send({ type: "metrics.collected", id, metrics: await registry.getMetricsAsJSON() });
  }
  process.on("message", (order: Order) => {
    if (order.type === "metrics.collect") void tell(order.id);
    else if (order.type === "metrics.text") waiting.get(order.id)?.(order.text);
  });

  return {
    async expose() {
      const id = (lastId += 1);
      const all = new Promise<string>((resolve) => waiting.set(id, resolve));
      await send({ type: "metrics.wanted", id });
      const late = new AbortController();
      const own = delay(answerLimitMs, undefined, { signal: late.signal }).then(() => registry.metrics());
      // It is given up when the primary was quicker.
      own.catch(() => undefined);
      return Promise.race([all, own]).finally(() => {
        late.abort();
        waiting.delete(id);
      });
    },
    sayLast: () => tell(0),
  };
}

/** Resolves when the message has left, or when there is nobody any more to send it to. */
function send(report: Report): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || !process.send) resolve();
    else
      process.send(report, undefined, undefined, () => {
        resolve();
      });
  });
}
