import { describe, expect, it } from "vitest";
import { createManualClock } from "../clock.ts";
import { createRandom } from "../random.ts";
import { noon } from "../testing/simulators.ts";
import { createSimulatedQueue } from "./queue.ts";
import { createMailFactory, seedQueue } from "./seed.ts";
import { createWorker } from "./worker.ts";

function createServer() {
  const clock = createManualClock(noon);
  const random = createRandom(7);
  const queue = createSimulatedQueue({ clock, random, hostname: "robin.test", queueFolder: "/q" });
  const mail = createMailFactory(random, clock, "/q");
  seedQueue(queue, mail, 42);
  const worker = createWorker({ queue, random, clock, mail });
  const run = (seconds: number): void => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1000);
      worker.tick();
    }
  };
  return { queue, worker, run };
}

describe("worker", () => {
  it("shows itself in the statistics from its first tick on", () => {
    const { worker, run } = createServer();
    const startSeconds = noon.getTime() / 1000;
    expect(worker.statistics()).toMatchObject({ startDelaySeconds: 10, nextHousekeepingAtSeconds: startSeconds + 10 });
    run(1);
    expect(worker.statistics()).toMatchObject({
      lastHousekeepingAtSeconds: startSeconds + 1,
      nextHousekeepingAtSeconds: startSeconds + 31,
    });
  });

  it("delivers, delays, refuses and takes in new mail", () => {
    const { queue, worker, run } = createServer();
    const before = new Set(queue.items().map(({ uid }) => uid));
    run(300);
    const after = queue.items();
    expect(after.some(({ uid }) => !before.has(uid))).toBe(true);
    expect([...before].some((uid) => queue.get(uid) === undefined)).toBe(true);
    expect(queue.statistics().reschedules).toBeGreaterThan(0);
    expect(worker.statistics().lastDispatchAtSeconds).toBeGreaterThan(0);
  });

  it("stays bounded over a day", () => {
    const { queue, run } = createServer();
    run(86_400);
    const { ready, claimed, dead } = queue.counts();
    expect(ready + claimed).toBeLessThan(150);
    expect(claimed).toBeGreaterThanOrEqual(0);
    expect(dead).toBeLessThan(260);
  });
});
