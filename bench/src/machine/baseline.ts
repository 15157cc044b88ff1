import { fileURLToPath } from "node:url";
import { cpuSecondsOf } from "./process-figures.ts";
import { startProgram } from "./program.ts";
import type { Scope } from "./scope.ts";

/** What a baseline answers to everything. */
export interface PreparedAnswer {
  status: number;
  /** Name, value, name, value... as they were sent. */
  headers: string[];
  body: Buffer;
}

export interface Measurable {
  url: string;
  cpuSeconds(): number | undefined;
}

async function start(scope: Scope, file: string, args: string[]): Promise<Measurable> {
  const program = fileURLToPath(new URL(`../baselines/${file}`, import.meta.url));
  const env = { NODE_ENV: "production" };
  const { ready, pid } = await startProgram(scope, {
    name: `baseline ${file}`,
    args: [program, ...args],
    core: "measured",
    env,
  });
  return { url: String(ready.url), cpuSeconds: () => cpuSecondsOf(pid) };
}

export function startPrepared(scope: Scope, kind: "bare" | "express", answer: PreparedAnswer): Promise<Measurable> {
  const { status, headers, body } = answer;
  return start(scope, `${kind}.ts`, [JSON.stringify({ status, headers, body: body.toString("base64") })]);
}

/** Asks Robin for this anew for each request. */
export function startProxy(scope: Scope, robinUrl: string): Promise<Measurable> {
  return start(scope, "proxy.ts", [robinUrl]);
}
