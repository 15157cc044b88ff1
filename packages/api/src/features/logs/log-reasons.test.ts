import { expect, it } from "vitest";
import { outcomeReasons, reachReasons } from "./log-reasons.ts";

const whole = { truncated: false, bytes: 1, lines: 1, invalidLines: 0, cutLines: 0, sawItself: true };

it.each([
  [{}, []],
  [{ sawItself: false }, ["Robin's own line"]],
  [{ truncated: true }, ["There were more lines"]],
  // The cap may have come before Robin's own line.
  [{ truncated: true, sawItself: false }, ["There were more lines"]],
  [{ cutLines: 2 }, ["Lines of more than 256 KiB"]],
])("an outcome with %j is incomplete because of %j", (fields, beginnings) => {
  const reasons = outcomeReasons({ ...whole, ...fields });
  expect(reasons.map((reason, index) => reason.slice(0, beginnings[index]?.length))).toEqual(beginnings);
});

it.each([
  [{}, false],
  [{ startTime: "2026-10-23T22:00:00Z" }, false],
  [{ startTime: "2026-10-23T21:59:59Z" }, true],
  [{ endTime: "2026-10-23T22:00:00Z" }, true],
  [{ endTime: "2026-10-23T22:00:01Z" }, false],
])("on the evening after Berlin's clocks went back, %j is out of reach: %s", (times, isOut) => {
  const input = Object.fromEntries(Object.entries(times).map(([name, text]) => [name, new Date(text)]));
  const clocks = { timeZone: "Europe/Berlin", now: new Date("2026-10-25T22:30:00Z") };
  expect(reachReasons(input, clocks)).toHaveLength(isOut ? 1 : 0);
});
