import { parseArgs } from "node:util";

export interface Options {
  /** Empty means all. */
  names: string[];
  quick: boolean;
  list: boolean;
  help: boolean;
  seconds: number | undefined;
  rounds: number | undefined;
  memorySeconds: number;
  /** Folder for V8 profiles of the gateway; the figures of such a run are not kept. */
  profile: string | undefined;
  /** Measure the sources instead of the production bundle. */
  sources: boolean;
  json: string | undefined;
  history: boolean;
  writeDocs: boolean;
}

export const help = `Usage: pnpm bench [scenario...] [options]

Measures the gateway against baselines on this machine, and how it fails. Without names, all scenarios.

  --list                 the scenarios
  --quick                each one shortened, for a smoke test: its figures mean little and are not kept
  --seconds <n>          load in one round (default 3)
  --rounds <n>           how often the candidates take turns (default 5)
  --memory-seconds <n>   load of the scenario "memory" (default 300)
  --profile <folder>     V8 profiles of the gateway go there; the figures of such a run are not kept
  --sources              measure the sources instead of the production bundle
  --json <file>          write the results there as well
  --no-history           do not add a line to bench/history.jsonl
  --write-docs           write the newest result of each scenario into docs/performance.md and end`;

/** Throws a TypeError of node's parser, or a RangeError, whose message is all that the caller needs to see. */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    allowNegative: true,
    options: {
      help: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      seconds: { type: "string" },
      rounds: { type: "string" },
      "memory-seconds": { type: "string" },
      profile: { type: "string" },
      sources: { type: "boolean", default: false },
      json: { type: "string" },
      history: { type: "boolean", default: true },
      "write-docs": { type: "boolean", default: false },
    },
  });
  const number = (name: "seconds" | "rounds" | "memory-seconds"): number | undefined => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!(value > 0)) throw new RangeError(`--${name} must be a positive number.`);
    return value;
  };
  return {
    names: positionals,
    quick: values.quick,
    list: values.list,
    help: values.help,
    seconds: number("seconds"),
    rounds: number("rounds"),
    memorySeconds: number("memory-seconds") ?? (values.quick ? 3 : 300),
    profile: values.profile,
    sources: values.sources,
    json: values.json,
    history: values.history,
    writeDocs: values["write-docs"],
  };
}
