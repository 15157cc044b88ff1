import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogFile } from "./log-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "robin-log-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("createLogFile", () => {
  it("adds to what is there, readable only by us", () => {
    const file = path.join(folder, "a.log");
    createLogFile(file)("one");
    createLogFile(file)("two");
    expect(readFileSync(file, "utf8")).toBe("one\ntwo\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("never takes more than twice the bound, and keeps the newest lines", () => {
    const file = path.join(folder, "a.log");
    const log = createLogFile(file, 100);
    for (let line = 0; line < 50; line += 1) log(`line ${line}`);
    expect(statSync(file).size).toBeLessThanOrEqual(100);
    expect(statSync(`${file}.1`).size).toBeLessThanOrEqual(100);
    expect(readFileSync(file, "utf8")).toMatch(/line 49\n$/);
  });
});
