import { describe, expect, it } from "vitest";
import { takeTraceparent, traceIdOf } from "./trace-context.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const parentId = "00f067aa0ba902b7";

describe("takeTraceparent", () => {
  it.each([
    [`00-${traceId}-${parentId}-01`, `00-${traceId}-${parentId}-01`],
    [`00-${traceId}-${parentId}-00`, `00-${traceId}-${parentId}-00`],
    [`cc-${traceId}-${parentId}-03-more`, `00-${traceId}-${parentId}-03`],
  ])("takes %s as %s", (given, taken) => {
    expect(takeTraceparent(given)).toBe(taken);
    expect(traceIdOf(takeTraceparent(given))).toBe(traceId);
  });

  it.each([
    ["none", undefined],
    ["an empty one", ""],
    ["a trace of zeros", `00-${"0".repeat(32)}-${parentId}-01`],
    ["a parent of zeros", `00-${traceId}-${"0".repeat(16)}-01`],
    ["capitals", `00-${traceId.toUpperCase()}-${parentId}-01`],
    ["version ff", `ff-${traceId}-${parentId}-01`],
    ["more than version 00 has", `00-${traceId}-${parentId}-01-more`],
    ["less", `00-${traceId}-${parentId}`],
    ["two, as Node joins them", `00-${traceId}-${parentId}-01, 00-${traceId}-${parentId}-01`],
    ["something with a line break", `00-${traceId}-${parentId}-01\n`],
  ])("takes nothing from %s", (_name, given) => {
    expect(takeTraceparent(given)).toBeUndefined();
  });
});
