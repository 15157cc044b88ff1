import { createTestDatabase } from "@robin/db/testing";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import type { Run } from "../src/report/history.ts";

const main = path.join(import.meta.dirname, "../src/main.ts");

it("runs a scenario from nothing, says what it found as text and as JSON, and leaves no process behind", async () => {
  const database = await createTestDatabase();
  const folder = mkdtempSync(path.join(tmpdir(), "robin-bench-test-"));
  const json = path.join(folder, "run.json");
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [main, "cold-burst", "--quick", "--no-history", "--sources", "--json", json],
      { env: { ...process.env, BENCH_DATABASE_URL: database.url } },
    );
    const { results } = JSON.parse(readFileSync(json, "utf8")) as Run;
    const rows = results[0]?.rows ?? [];
    expect(rows.find(({ name }) => name === "clients without an answer")).toMatchObject({ value: 0, ok: true });
    expect(rows.find(({ name }) => name === "Robin calls")?.value).toBeGreaterThan(0);
    expect(stdout).toMatch(/cold-burst +clients without an answer +0 +<= 0 +ok/);
  } finally {
    rmSync(folder, { recursive: true });
    await database.drop();
  }
});
