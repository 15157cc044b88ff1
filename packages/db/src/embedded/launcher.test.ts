import { mkdtempSync, rmSync } from "node:fs";
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
