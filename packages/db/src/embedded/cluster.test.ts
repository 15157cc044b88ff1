import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prepareCluster } from "./cluster.ts";

let folder: string;
let dataDir: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "robin-cluster-"));
  dataDir = path.join(folder, "data");
  mkdirSync(dataDir);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Prepares a cluster with a shell script in the place of initdb. */
async function prepareWith(script: string): Promise<string> {
  const initdb = path.join(folder, "initdb");
  writeFileSync(initdb, `#!/bin/sh\n${script}\n`);
  chmodSync(initdb, 0o755);
  return prepareCluster({ binaries: { initdb, postgres: "" }, launcher: { prefix: [] }, dataDir, durable: true });
}

describe("prepareCluster", () => {
  it("passes on why initdb failed, and keeps nothing that looks complete", async () => {
    const failing = prepareWith(
      'echo "creating" >&2; echo "initdb: error: no space left" >&2; echo "hint" >&2; exit 1',
    );
    await expect(failing).rejects.toThrow(
      `The database in ${dataDir} could not be created: initdb: error: no space left`,
    );
    expect(existsSync(path.join(dataDir, "cluster"))).toBe(false);
  });

  it("passes on initdb's last words when none is an error", async () => {
    await expect(prepareWith('echo "first" >&2; echo "last words" >&2; exit 2')).rejects.toThrow(
      "could not be created: last words",
    );
  });

  it("says so when initdb was killed", async () => {
    await expect(prepareWith("kill -9 $$")).rejects.toThrow("could not be created: initdb was killed");
  });
});
