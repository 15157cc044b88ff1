import { expect, it } from "vitest";
import { minuteStamps } from "./minute-stamps.ts";

it("names each minute as Robin writes it, on the clocks of its zone", () => {
  const from = new Date("2026-12-31T22:58:59Z");
  const to = new Date("2026-12-31T23:01:00Z");
  expect(minuteStamps({ from, to, timeZone: "Europe/Berlin" })).toEqual([
    "1231-2358",
    "1231-2359",
    "0101-0000",
    "0101-0001",
  ]);
  expect(minuteStamps({ from: to, to, timeZone: "+05:30" })).toEqual(["0101-0431"]);
});
