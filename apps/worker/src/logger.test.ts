import { describe, expect, it } from "vitest";
import { PassThrough } from "node:stream";
import { createLogger } from "./logger.ts";

describe("the worker's log", () => {
  it("cuts secrets out wherever they are", () => {
    const sink = new PassThrough();
    const logger = createLogger({ level: "info", format: "json" }, sink);
    logger.info({ token: "hidden-1", user: { password: "hidden-2", more: { tokenHash: "hidden-3" } } }, "hello");
    const line = String(sink.read());
    expect(JSON.parse(line)).toMatchObject({ name: "worker", msg: "hello", token: "[redacted]" });
    expect(line.match(/\[redacted\]/g)).toHaveLength(3);
    expect(line).not.toContain("hidden");
  });

  it("has the chosen level in both formats", () => {
    expect(createLogger({ level: "warn", format: "json" }).level).toBe("warn");
    expect(createLogger({ level: "debug", format: "pretty" }).level).toBe("debug");
  });
});
