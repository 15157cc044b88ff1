import { expect, it } from "vitest";
import { createWatchers } from "./feed.ts";

const nothing = () => undefined;
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

it("tells many in several stretches, and all of them again of what comes meanwhile", async () => {
  const watchers = createWatchers({ onFirst: nothing, onLast: nothing });
  const told = Array.from({ length: 1000 }, () => 0);
  told.forEach((_count, index) => {
    watchers.add(() => {
      told[index] = (told[index] ?? 0) + 1;
    });
  });
  watchers.tellAll();
  expect(told.reduce((sum, count) => sum + count)).toBe(250);
  watchers.tellAll();
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  expect(new Set(told)).toEqual(new Set([2]));
});

it("says when the first one comes and the last one goes, who may go only once", () => {
  const seen: string[] = [];
  const watchers = createWatchers({ onFirst: () => seen.push("first"), onLast: () => seen.push("last") });
  const stops = [watchers.add(nothing), watchers.add(() => undefined)];
  for (const stop of [...stops, ...stops]) stop();
  expect(seen).toEqual(["first", "last"]);
});
