import { chownSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chooseLauncher, findLauncher, launch, type Launcher } from "./launcher.ts";

const isRoot = process.getuid?.() === 0;

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), "robin-launcher-"));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

async function output(launcher: Launcher, command: string[]): Promise<string> {
  const { stdout } = launch(launcher, command);
  return stdout ? (await text(stdout)).trim() : "";
}

function place() {
  return { binary: "/bin/sh", dataDir, clusterDir: path.join(dataDir, "cluster") };
}

describe("findLauncher", () => {
  it("finds a way to run a program that is not root", async () => {
    expect(await output(findLauncher(place()), ["id", "-u"])).not.toBe("0");
  });
});

describe("chooseLauncher", () => {
  const broken: Launcher = { prefix: ["no-such-program"] };

  it("takes the first way that works", () => {
    const works: Launcher = isRoot ? { prefix: [], user: { uid: 65_534, gid: 65_534 } } : { prefix: [] };
    expect(chooseLauncher([broken, works], place()).user).toEqual(works.user);
  });

  it("says what to do when there is no way", () => {
    expect(() => chooseLauncher([broken], place())).toThrow(
      `PostgreSQL refuses to run as root and no other user can use ${dataDir}: start as an ordinary user, or set DATABASE_URL.`,
    );
  });
});

describe.runIf(isRoot)("findLauncher as root", () => {
  it("falls back to the owner of the folder around the data", () => {
    chownSync(dataDir, 65_534, 65_534);
    const inner = path.join(dataDir, "data");
    const clusterDir = path.join(inner, "cluster");
    mkdirSync(clusterDir, { recursive: true });
    for (const folder of [inner, clusterDir]) chownSync(folder, 65_534, 65_534);
    expect(findLauncher({ binary: "/bin/sh", dataDir: inner, clusterDir }).user).toEqual({ uid: 65_534, gid: 65_534 });
  });

  it("falls back to a system user that the data was given to before", () => {
    const clusterDir = path.join(dataDir, "cluster");
    mkdirSync(clusterDir, { mode: 0o700 });
    for (const folder of [dataDir, clusterDir]) chownSync(folder, 65_534, 65_534);
    expect(findLauncher({ binary: "/bin/sh", dataDir, clusterDir }).user?.uid).toBe(65_534);
  });
});
