import type { Machine } from "./machine/machine.ts";
import type { Options } from "./options.ts";

export type Unit = "ratio" | "ms" | "s" | "kB" | "MB" | "MB/min" | "requests/s" | "requests/CPU-s" | "calls" | "count";

export interface Figure {
  name: string;
  value: number;
  unit: Unit;
}

export interface ScenarioResult {
  /** Those that `asked.ts` names get a verdict, the others are for the reader. */
  figures: Figure[];
  /** Sentences for the reader, such as why a number must not be trusted. */
  notes: string[];
}

export interface BenchContext {
  options: Options;
  machine: Machine;
  /** Seconds of load in one round. */
  seconds: number;
  rounds: number;
  /** Tells whoever waits what is going on. */
  say(text: string): void;
}

export interface Scenario {
  /** As on the command line. */
  name: string;
  what: string;
  run(ctx: BenchContext): Promise<ScenarioResult>;
}

/** Something that a scenario needs is not on this machine; its message says what. */
export class LeftOutError extends Error {
  override readonly name = "LeftOutError";
}
