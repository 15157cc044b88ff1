import { cpus } from "node:os";
import { load, type LoadResult } from "../load/load.ts";
import type { Scenario } from "../scenario.ts";
import { median } from "../statistics.ts";
import { browserHeaders, ratio, speeds, troubles } from "./hit.ts";

const path = "/api/v1/queue?page=1&limit=50";

export const twoProcesses: Scenario = {
  name: "two-processes",
  what: "WORKERS=2 against WORKERS=1, the load generator on the same cores",
  run: async (ctx) => {
    const robin = await ctx.machine.robin();
    const one = await ctx.machine.gateway({ robin, core: "all" });
    const two = await ctx.machine.gateway({ robin, core: "all", env: { WORKERS: "2" } });
    const gateways = { "one process": one, "two processes": two };
    const results: Record<string, LoadResult[]> = {};
    for (let round = 0; round <= ctx.rounds; round += 1) {
      for (const [name, gateway] of Object.entries(gateways)) {
        const headers = { ...browserHeaders, authorization: `Bearer ${gateway.token}` };
        const result = await load(gateway, { path, headers, connections: 64, seconds: ctx.seconds, core: "all" });
        // The first one is for warming up.
        if (round > 0) (results[name] ??= []).push(result);
      }
    }
    const { wall, cpu } = ratio(results, "two processes", "one process");
    const p99 = (name: string) => median((results[name] ?? []).map(({ p99Ms }) => p99Ms));
    return {
      figures: [
        { name: "two processes to one, by the clock", value: wall, unit: "ratio" },
        { name: "two processes to one, by CPU time", value: cpu, unit: "ratio" },
        ...speeds(results),
        { name: "p99 of one process", value: p99("one process"), unit: "ms" },
        { name: "p99 of two processes", value: p99("two processes"), unit: "ms" },
      ],
      notes: [
        `On ${cpus().length} cores the load generator and Robin need a part of one core; two processes share what is left.`,
        `The gateway with WORKERS=2 was ${two.family().length} processes.`,
        ...troubles(results),
      ],
    };
  },
};
