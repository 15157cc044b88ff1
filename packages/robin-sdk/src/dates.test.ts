import { describe, expect, it } from "vitest";
import { fromEpochSeconds, parseRobinDate } from "./dates.ts";

describe("parseRobinDate", () => {
  it.each([
    ["Sun, 5 Jul 2026 08:26:40 +0000", "2026-07-05T08:26:40.000Z"],
    ["Mon, 23 Nov 2026 05:03:02 +0530", "2026-11-22T23:33:02.000Z"],
    ["Mo., 23 Nov. 2026 05:03:02 -0100", "2026-11-23T06:03:02.000Z"],
    ["Di., 3 März 2026 05:03:02 +0000", "2026-03-03T05:03:02.000Z"],
    ["Do., 31 Dez. 2026 23:59:59 +0000", "2026-12-31T23:59:59.000Z"],
  ])("reads %s", (text, iso) => {
    expect(parseRobinDate(text)?.toISOString()).toBe(iso);
  });

  it.each(["-", "", "Sun, 5 lip 2026 08:26:40 +0000", "Sun, 5 Jul 2026 28:26:40 +0000"])("gives up on %j", (text) => {
    expect(parseRobinDate(text)).toBeUndefined();
  });
});

describe("fromEpochSeconds", () => {
  it("takes 0 as never", () => {
    expect(fromEpochSeconds(0)).toBeUndefined();
    expect(fromEpochSeconds(undefined)).toBeUndefined();
    expect(fromEpochSeconds(1)).toEqual(new Date(1000));
  });
});
