import type { LogEntry } from "@robin/sdk";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLogPage } from "./log-page.ts";

const entry = (ms: number, message = `at ${ms}`): LogEntry => ({
  kind: "entry",
  at: new Date(ms),
  level: "INFO",
  thread: "main",
  logger: "smtp.Test",
  message,
});

function pageOf(
  entries: LogEntry[],
  options: { offset?: number; limit?: number; order?: "asc" | "desc" },
  max?: number,
) {
  const page = createLogPage({ offset: 0, limit: 100, order: "desc", ...options }, max);
  for (const one of entries) page.add(one);
  return page.result();
}
const messages = ({ entries }: ReturnType<typeof pageOf>) => entries.map(({ message }) => message);

describe("createLogPage", () => {
  it("gives what sorting everything would give, wherever the page is", () => {
    const anyPage = fc.record({
      times: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }),
      offset: fc.integer({ min: 0, max: 30 }),
      limit: fc.integer({ min: 1, max: 30 }),
      order: fc.constantFrom("asc" as const, "desc" as const),
    });
    fc.assert(
      fc.property(anyPage, ({ times, offset, limit, order }) => {
        const entries = times.map((ms, index) => entry(ms, `${index}`));
        const sorted = entries.toSorted((one, other) => one.at.getTime() - other.at.getTime());
        const expected = (order === "asc" ? sorted : sorted.reverse()).slice(offset, offset + limit);
        const result = pageOf(entries, { offset, limit, order });
        expect(messages(result)).toEqual(expected.map(({ message }) => message));
        expect(result).toMatchObject({ total: times.length, isShortened: false });
      }),
    );
  });

  it("gives an entry the same id on every page and in both orders, and twins different ones", () => {
    const entries = [entry(1, "a"), entry(1, "a"), entry(1, "b"), entry(1, "a\n\tat x.Y"), entry(2, "a")];
    const ids = pageOf(entries, {}).entries.map(({ id }) => id);
    expect(new Set(ids).size).toBe(5);
    expect(pageOf(entries, { order: "asc" }).entries.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(
      entries.flatMap((_one, offset) => pageOf(entries, { offset, limit: 1 }).entries.map(({ id }) => id)),
    ).toEqual(ids);
    // Another search finds other lines of the stack.
    expect(
      pageOf([...entries.slice(0, 3), entry(1, "a\n\tat z.Y"), entry(2, "a")], {}).entries.map(({ id }) => id),
    ).toEqual(ids);
    expect(pageOf([...entries, entry(3)], { offset: 1 }).entries.map(({ id }) => id)).toEqual(ids);
  });

  it("keeps no more characters than it may, keeps the newest of them, and says when the page lacks some", () => {
    const large = Array.from({ length: 100 }, (_, ms) => entry(ms, `${ms}`.padEnd(1000)));
    const older = large.map(({ at, ...rest }) => ({ ...rest, at: new Date(at.getTime() - 1000) }));
    const result = pageOf([...large, ...older], { limit: 50 }, 12_500);
    expect(messages(result).map(Number)).toEqual([99, 98, 97, 96, 95, 94, 93, 92, 91, 90]);
    expect(result).toMatchObject({ total: 200, isShortened: true });
    expect(pageOf(large, { limit: 10 }, 12_500)).toMatchObject({ isShortened: false });
  });

  it("has nothing beyond the end", () => {
    expect(pageOf([entry(1)], { offset: 5 })).toEqual({ entries: [], total: 1, isShortened: false });
  });
});
