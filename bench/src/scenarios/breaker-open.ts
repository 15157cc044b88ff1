import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ask, crowd, seconds } from "../load/clients.ts";
import type { Scenario } from "../scenario.ts";
import { percentile } from "../statistics.ts";

export const breakerOpen: Scenario = {
  name: "breaker-open",
  what: "the 503 of an open breaker, by the gateway's own clock",
  run: async (ctx) => {
    const folder = await mkdtemp(path.join(tmpdir(), "robin-bench-"));
    ctx.machine.defer(() => rm(folder, { recursive: true, force: true }));
    const logFile = path.join(folder, "gateway.log");
    const robin = await ctx.machine.robin();
    const gateway = await ctx.machine.gateway({ robin, logFile, env: { CIRCUIT_BREAKER_TIMEOUT_SECONDS: "120" } });
    const headers = { authorization: `Bearer ${gateway.token}` };
    await robin.fault({ port: "client", route: "*", fault: { kind: "reset" } });
    const url = (index: number) => `${gateway.url}/api/v1/storage?path=/bench.example/user${index}/new`;
    for (let index = 0; index < 20; index += 1) await ask(url(-1 - index), { headers });
    const tally = await crowd({ url, headers, clients: 8, perSecond: 400, until: seconds(ctx.seconds * 2) });
    await gateway.stop();
    const lines = (await readFile(logFile, "utf8")).split("\n").filter((line) => line.includes('"status":503'));
    const durations = lines.map((line) => (JSON.parse(line) as { durationMs: number }).durationMs);
    return {
      figures: [
        { name: "p95 in the handler", value: percentile(durations, 0.95), unit: "ms" },
        { name: "p99 in the handler", value: percentile(durations, 0.99), unit: "ms" },
        { name: "p95 at the client", value: tally.p(0.95), unit: "ms" },
      ],
      notes: [`${tally.words}, of which the log has ${durations.length}.`],
    };
  },
};
