import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const script = fileURLToPath(new URL("./flood-log.ts", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "log-output-"));
});
afterAll(() => rm(folder, { recursive: true }));

function numbers(text: string): number[] {
  return text.split("\n").flatMap((line) => (line === "" ? [] : [(JSON.parse(line) as { n: number }).n]));
}

async function readAll({ stdout }: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of stdout?.setEncoding("utf8") ?? []) text += String(chunk);
  return text;
}

function start(lines: number, waitingMax: number, stdout: number | "pipe" | Writable) {
  const child = spawn(process.execPath, [script, String(lines), String(waitingMax)], {
    stdio: ["ignore", stdout, "inherit", "ipc"],
  });
  const told = once(child, "message") as Promise<[{ dropped: number; tookMs: number }]>;
  return { child, told, ended: once(child, "exit") };
}

it("every line is in the file in its order, also those that wait when the process ends", async () => {
  const file = path.join(folder, "log");
  const { told, ended } = start(5003, 10_000_000, openSync(file, "w"));
  expect((await told)[0].dropped).toBe(0);
  await ended;
  expect(numbers(readFileSync(file, "utf8"))).toEqual(Array.from({ length: 5003 }, (_, n) => n));
});

it("a reader who stalls holds neither the process nor its end", async () => {
  const reader = spawn("sleep", ["60"], { stdio: ["pipe", "ignore", "ignore"] });
  const { told, ended } = start(20_000, 500_000, reader.stdin);
  const [{ dropped, tookMs }] = await told;
  expect(tookMs).toBeLessThan(1000);
  expect(dropped).toBeGreaterThan(10_000);
  expect(await ended).toEqual([0, null]);
  reader.kill();
});

it("a reader who comes back finds whole lines in their order, although some are missing", async () => {
  const { child, told } = start(20_000, 500_000, "pipe");
  await told;
  const read = numbers(await readAll(child));
  expect(read).toEqual(read.toSorted((a, b) => a - b));
  expect(read.length).toBeGreaterThan(1000);
  expect(read.length).toBeLessThan(20_000);
});

it("a reader who reads gets all of a burst that may wait, also when the process ends at once", async () => {
  const { child, ended } = start(3000, 10_000_000, "pipe");
  const text = await readAll(child);
  await ended;
  expect(numbers(text)).toEqual(Array.from({ length: 3000 }, (_, n) => n));
});

it("a reader who has gone does not end the process", async () => {
  const { child, told, ended } = start(20_000, 500_000, "pipe");
  child.stdout?.destroy();
  await told;
  expect(await ended).toEqual([0, null]);
});
