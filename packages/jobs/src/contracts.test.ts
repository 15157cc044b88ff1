import { expect, it } from "vitest";
import { contracts } from "./contracts.ts";

const all = Object.values(contracts);

it("names every job resource.action, once", () => {
  const names = all.map(({ name }) => name);
  expect(names.filter((name) => !/^[a-z][A-Za-z]*\.[a-z][A-Za-z]*$/.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});

it.each(all)("schedules $name with a payload that its schema accepts", ({ payload, schedule }) => {
  if (schedule) expect(payload.safeParse(schedule.payload).success).toBe(true);
});

it("refuses fields that a payload does not know", () => {
  const result = contracts.sessionsCleanUp.payload.safeParse({ keepDays: 30, batchSize: 1000, password: "x" });
  expect(result.success).toBe(false);
});
