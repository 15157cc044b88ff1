import { describe, expect, it } from "vitest";
import { retryWaitMs } from "./retry-schedule.ts";

describe("Robin's waits between retries", () => {
  it("are those of its defaults, 23.6 hours in all", () => {
    const schedule = { totalRetries: 30, firstWaitMinutes: 1, growthFactor: 1.2 };
    const seconds = Array.from({ length: 31 }, (_, index) => retryWaitMs(schedule, index + 1) / 1000);
    expect(seconds).toEqual([
      60, 60, 120, 120, 120, 180, 240, 240, 300, 360, 420, 540, 660, 780, 900, 1080, 1320, 1620, 1920, 2280, 2760, 3300,
      3960, 4740, 5700, 6840, 8220, 9900, 11_880, 14_220, 0,
    ]);
  });

  it("are none where the first is none", () => {
    expect(retryWaitMs({ totalRetries: 5, firstWaitMinutes: 0, growthFactor: 2 }, 3)).toBe(0);
  });
});
