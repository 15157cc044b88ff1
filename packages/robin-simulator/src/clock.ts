/** Everything in the simulator that depends on time asks this clock; only waiting uses real timers. */
export interface SimulatorClock {
  now(): Date;
}

export interface ManualClock extends SimulatorClock {
  /** Moves the clock forward (or back, with a negative number). */
  advance(ms: number): void;
}

export const systemClock: SimulatorClock = { now: () => new Date() };

export function createManualClock(start: Date): ManualClock {
  let nowMs = start.getTime();
  return {
    now: () => new Date(nowMs),
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

/** Robin keeps queue times in whole seconds; that is what its ordering and its schedule see. */
export function epochSeconds(clock: SimulatorClock): number {
  return Math.floor(clock.now().getTime() / 1000);
}
