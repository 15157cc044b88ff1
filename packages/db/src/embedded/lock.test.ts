import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acquireLock, LockHeldError } from "./lock.ts";
import { processCommand, processStartTime } from "./process-identity.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "robin-lock-"));
  file = path.join(folder, "lock");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function deadPid(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

describe("acquireLock", () => {
  it("names the process that holds the lock", () => {
    acquireLock(file);
    expect(() => acquireLock(file)).toThrow(LockHeldError);
    expect(() => acquireLock(file)).toThrow(`held by the running process ${process.pid}`);
  });

  it("leaves nothing behind when it is given back", () => {
    acquireLock(file)();
    expect(readdirSync(folder)).toEqual([]);
    acquireLock(file)();
  });

  it("takes over the lock of a process that is gone", () => {
    writeFileSync(file, `${deadPid()}\n12345\n`);
    acquireLock(file);
    expect(readFileSync(file, "utf8")).toMatch(new RegExp(`^${process.pid}\n`));
    expect(readdirSync(folder)).toEqual(["lock"]);
  });

  it("takes over a lock whose process id belongs to another process now", () => {
    writeFileSync(file, `${process.ppid}\n1\n`);
    acquireLock(file);
  });

  it.each(["", "rubbish", "12\n"])("takes over a lock that was never written to its end: %j", (content) => {
    writeFileSync(file, content);
    acquireLock(file);
  });

  it("does not remove a lock that is somebody else's by now", () => {
    const release = acquireLock(file);
    writeFileSync(file, "1\n1\n");
    release();
    expect(existsSync(file)).toBe(true);
  });

  it("passes on that the folder is missing", () => {
    expect(() => acquireLock(path.join(folder, "missing", "lock"))).toThrow("ENOENT");
  });
});

describe("processStartTime", () => {
  it("is the same at every look at one process", () => {
    expect(processStartTime(process.pid)).toBeDefined();
    expect(processStartTime(process.pid)).toBe(processStartTime(process.pid));
  });

  it("is undefined when there is no such process", () => {
    const pid = deadPid();
    expect(processStartTime(pid)).toBeUndefined();
    expect(processCommand(pid)).toBeUndefined();
  });
});

describe("processCommand", () => {
  it("holds the program and its arguments", () => {
    expect(processCommand(process.pid)).toContain("node");
  });
});
