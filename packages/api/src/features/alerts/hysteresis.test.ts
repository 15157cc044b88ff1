import { describe, expect, it } from "vitest";
import { type RuleProgress, type RuleTiming, step } from "./hysteresis.ts";

const noon = Date.parse("2027-03-31T12:00:00Z");
const timing: RuleTiming = { threshold: 10, forSeconds: 30, clearSeconds: 60 };

/** Goes through values that come every 15 seconds, and tells when what happened. */
function run(values: (number | undefined)[], rule = timing, at = (index: number) => noon + index * 15_000): string[] {
  let progress: RuleProgress = { breachingSince: null, calmSince: null };
  let isFiring = false;
  return values.flatMap((value, index) => {
    const { transition, ...next } = step(rule, { ...progress, isFiring }, { value, now: new Date(at(index)) });
    progress = next.progress;
    if (!transition) return [];
    isFiring = transition === "fire";
    return [`${transition} at ${index * 15} s`];
  });
}

describe("an alert", () => {
  it("fires when the value has been above the threshold for long enough, once", () => {
    expect(run([11, 12, 13, 14, 15, 16])).toEqual(["fire at 30 s"]);
  });

  it("does not fire at the threshold itself", () => {
    expect(run([10, 10, 10, 10])).toEqual([]);
  });

  it("begins to count anew after the value was back once", () => {
    expect(run([11, 11, 10, 11, 11])).toEqual([]);
    expect(run([11, 11, 10, 11, 11, 11])).toEqual(["fire at 75 s"]);
  });

  it("ends when the value has been back for long enough, and not before", () => {
    expect(run([11, 11, 11, 9, 9, 9, 9, 9])).toEqual(["fire at 30 s", "clear at 105 s"]);
    expect(run([11, 11, 11, 9, 9, 9, 11, 9, 9, 9, 9])).toEqual(["fire at 30 s"]);
  });

  it("fires and ends at once where no time is asked for", () => {
    expect(run([11, 9, 11], { threshold: 10, forSeconds: 0, clearSeconds: 0 })).toEqual([
      "fire at 0 s",
      "clear at 15 s",
      "fire at 30 s",
    ]);
  });

  it("neither begins nor ends on a value that nobody knows", () => {
    expect(run([11, undefined, 11])).toEqual(["fire at 30 s"]);
    expect(run([undefined, undefined, undefined])).toEqual([]);
    expect(run([11, 11, 11, ...Array.from({ length: 10 }, () => undefined)])).toEqual(["fire at 30 s"]);
    expect(run([11, undefined, undefined, undefined])).toEqual([]);
  });

  it("counts from the new time when the clock was put back, and does not wait for the old one", () => {
    const putBack = (index: number) => noon + index * 15_000 - (index >= 2 ? 3_600_000 : 0);
    expect(run([11, 11, 11, 11, 11], timing, putBack)).toEqual(["fire at 60 s"]);
  });
});
