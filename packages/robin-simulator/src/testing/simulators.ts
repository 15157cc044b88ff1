import { afterEach } from "vitest";
import { createManualClock } from "../clock.ts";
import { createRobinSimulator } from "../simulator.ts";
import type { RobinSimulator, SimulatorOptions } from "../simulator.ts";

export const noon = new Date("2026-11-23T12:00:00Z");

const running: RobinSimulator[] = [];

/** Starts simulators that end with the test. The clock stands still at noon unless another is given; the queue and the store start empty. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<RobinSimulator> {
  const simulator = await createRobinSimulator({ clock: createManualClock(noon), items: 0, mails: 0, ...options });
  running.push(simulator);
  return simulator;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});
