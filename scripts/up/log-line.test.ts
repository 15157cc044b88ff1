import { describe, expect, it } from "vitest";
import { toScreenLine } from "./log-line.ts";

const time = Date.UTC(2026, 0, 2, 3, 4, 5);

describe("toScreenLine", () => {
  it("shows warnings and errors as one line, with their plain fields and the error's message", () => {
    const line = JSON.stringify({
      level: 50,
      time,
      pid: 1,
      hostname: "h",
      msg: "no\nanswer",
      err: { message: "reset" },
      port: 8090,
    });
    expect(toScreenLine("gateway", line, "stdout")).toBe("03:04:05 gateway error: no answer: reset port=8090");
    expect(toScreenLine("worker", JSON.stringify({ level: 40, time, msg: "slow" }), "stdout")).toBe(
      "03:04:05 worker warning: slow",
    );
  });

  it("keeps everything else off the screen", () => {
    expect(toScreenLine("gateway", JSON.stringify({ level: 30, time, msg: "hello" }), "stdout")).toBeUndefined();
    expect(toScreenLine("gateway", "plain text", "stdout")).toBeUndefined();
    expect(toScreenLine("gateway", "  ", "stderr")).toBeUndefined();
  });

  it("shows what was written to standard error, even when it only looks like JSON", () => {
    expect(toScreenLine("gateway", "PORT: is missing", "stderr")).toBe("gateway: PORT: is missing");
    expect(toScreenLine("gateway", "{oops", "stderr")).toBe("gateway: {oops");
  });
});
