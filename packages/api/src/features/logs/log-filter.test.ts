import { expect, it } from "vitest";
import { searchTerms } from "./log-filter.ts";
import type { LogFilterInput } from "./logs.schemas.ts";

it.each<[LogFilterInput, string[]]>([
  [{}, ["."]],
  [{ search: "ERROR |x", level: "WARN", logger: "smtp.Test" }, ["ERROR |x"]],
  [{ level: "WARN", logger: "smtp.Test" }, ["WARN |"]],
  [{ level: "TRACE" }, ["TRACE|"]],
  [{ level: "ERROR" }, ["FATAL|", "ERROR|"]],
  [{ levelMin: "ERROR" }, ["."]],
  [{ levelMin: "WARN" }, ["."]],
  [{ levelMin: "TRACE", logger: "smtp" }, ["|smtp"]],
])("%j asks Robin for %j, at most two searches", (input, terms) => {
  expect(searchTerms(input, 2).map(({ text }) => text)).toEqual(terms);
});

it("asks for everything rather than twice where one search must do", () => {
  expect(searchTerms({ level: "ERROR" }, 1)).toEqual([{ text: "." }]);
  expect(searchTerms({ level: "ERROR", logger: "smtp" }, 1)).toEqual([{ text: "|smtp" }]);
  expect(searchTerms({ level: "WARN", logger: "smtp" }, 1)).toEqual([{ text: "WARN |", level: "WARN" }]);
});
