import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finestResolution, pointsMax, resolutions, sampleSecondsAllowed, seriesWindow } from "./resolutions.ts";

const now = new Date("2027-03-28T12:00:07.123Z");
const hour = 3600;
const day = 24 * hour;

/** A range of so many seconds that ends so many seconds ago. */
function range(seconds: number, endsAgo = 0) {
  const end = new Date(now.getTime() - endsAgo * 1000);
  return { start: new Date(end.getTime() - seconds * 1000), end };
}

describe("seriesWindow", () => {
  it.each([
    ["1 hour", hour, 0, 15],
    ["6 hours", 6 * hour, 60, 120],
    ["24 hours", day, 300, 300],
    ["7 days", 7 * day, 3600, 3600],
    ["30 days", 30 * day, 3600, 3 * hour],
    ["a year", 365 * day, 3600, 2 * day],
    ["10 years", 3652 * day, 3600, 2 * day],
  ])("shows the last %s in steps that make at most 300 points", (_name, seconds, resolution, stepSeconds) => {
    expect(seriesWindow(range(seconds), now)).toMatchObject({ resolution, stepSeconds });
  });

  it.each([
    ["yesterday", 2 * day, 60],
    ["two weeks ago", 14 * day, 300],
    ["half a year ago", 180 * day, 3600],
    ["ten years ago", 3650 * day, 3600],
  ])("shows an hour of %s as finely as it is still kept", (_name, ago, resolution) => {
    expect(seriesWindow(range(hour, ago), now)).toMatchObject({ resolution, stepSeconds: resolution });
  });

  it("begins with the first whole step, on marks that are the same for every range", () => {
    const { from, to } = seriesWindow(range(hour), now);
    expect(from).toEqual(new Date("2027-03-28T11:00:15.000Z"));
    expect(to).toEqual(now);
  });

  it("has no gap and no repeat where clocks are put forward: all of it is in UTC", () => {
    const { from } = seriesWindow(
      { start: new Date("2027-03-27T23:00:00Z"), end: new Date("2027-03-28T04:00:00Z") },
      now,
    );
    expect(from).toEqual(new Date("2027-03-27T23:00:00.000Z"));
  });

  it("is as fine when the end is far away, and from where there can be something when the beginning is", () => {
    const far = new Date("9999-12-31T23:59:59.999Z");
    expect(seriesWindow({ start: range(hour).start, end: far }, now)).toMatchObject({ resolution: 0, stepSeconds: 15 });
    const { from, to } = seriesWindow({ start: new Date(0), end: far }, now);
    expect(to.getTime() - from.getTime()).toBeLessThan(367 * day * 1000);
  });

  it("is empty for a range in the future", () => {
    const { from, to } = seriesWindow(range(hour, -2 * hour), now);
    expect(from > to).toBe(true);
  });

  it("never has more than 300 points, nor steps that the resolution does not go into", () => {
    const instant = fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });
    fc.assert(
      fc.property(instant, instant, (one, other) => {
        fc.pre(one.getTime() !== other.getTime());
        const [start, end] = one < other ? [one, other] : [other, one];
        const { from, to, stepSeconds, resolution } = seriesWindow({ start, end }, now);
        expect(Math.ceil((to.getTime() - from.getTime()) / (stepSeconds * 1000))).toBeLessThanOrEqual(pointsMax);
        expect(from.getTime()).toBeGreaterThanOrEqual(start.getTime());
        expect(resolution === 0 || stepSeconds % resolution === 0).toBe(true);
      }),
    );
  });
});

describe("finestResolution", () => {
  it("is as sampled also for a day that began while the request was on its way, and not for more", () => {
    expect(finestResolution(new Date(now.getTime() - day * 1000 - 200), now).seconds).toBe(0);
    expect(finestResolution(new Date(now.getTime() - (day + 301) * 1000), now).seconds).toBe(60);
  });

  it("is as sampled in the future, and by hours however long ago", () => {
    expect(finestResolution(new Date("2099-01-01T00:00:00Z"), now).seconds).toBe(0);
    expect(finestResolution(new Date(0), now).seconds).toBe(3600);
  });
});

it("every time between samples that is allowed goes into the first steps, or they into it", () => {
  for (const seconds of sampleSecondsAllowed) {
    for (const step of [15, 30, 60]) expect(step % seconds === 0 || seconds % step === 0).toBe(true);
  }
});

it("each resolution is made of whole ones of the one before, and kept longer", () => {
  for (const [index, { seconds, keptSeconds }] of resolutions.entries()) {
    const before = resolutions[index - 1];
    if (!before) continue;
    expect(before.seconds === 0 || seconds % before.seconds === 0).toBe(true);
    expect(keptSeconds).toBeGreaterThan(before.keptSeconds);
  }
});
