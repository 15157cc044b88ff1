import { freePort } from "@robin/db/embedded";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { childEnv } from "../env.ts";
import { ask } from "../load/clients.ts";
import { onCore } from "../machine/cores.ts";
import { gatewayEnv } from "../machine/gateway.ts";
import { cpuSecondsOf } from "../machine/process-figures.ts";
import type { BenchContext, Scenario } from "../scenario.ts";
import type { Robin } from "../machine/robin.ts";
import { median } from "../statistics.ts";

const limitMs = 30_000;

export const start: Scenario = {
  name: "start",
  what: "from the start of the gateway's process to its first 200, the database being migrated",
  run: async (ctx) => {
    const robin = await ctx.machine.robin();
    // The first start migrates and creates the administrator.
    await (await ctx.machine.gateway({ robin })).stop();
    const wall: number[] = [];
    const cpu: number[] = [];
    for (let round = 0; round < ctx.rounds; round += 1) {
      const { wallSeconds, cpuSeconds } = await startOnce(ctx, robin);
      wall.push(wallSeconds);
      cpu.push(cpuSeconds ?? NaN);
    }
    return {
      figures: [
        { name: "wall clock", value: median(wall), unit: "s" },
        { name: "CPU time", value: median(cpu), unit: "s" },
      ],
      notes: [`Of ${ctx.rounds} starts on one core the slowest took ${Math.max(...wall).toFixed(2)} s.`],
    };
  },
};

/** As a service manager starts it: without a channel, on a port that is known before. */
async function startOnce(
  ctx: BenchContext,
  robin: Robin,
): Promise<{ wallSeconds: number; cpuSeconds: number | undefined }> {
  const port = await freePort();
  const { databaseUrl, program } = ctx.machine;
  const env = childEnv({ ...program.env, ...gatewayEnv(databaseUrl, robin), PORT: String(port) });
  const [command = "", ...args] = onCore("measured", [process.execPath, ...program.args]);
  const startedAt = performance.now();
  const child = spawn(command, args, { cwd: program.cwd, env, stdio: "ignore", detached: true });
  const exited = once(child, "exit");
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await exited;
  };
  ctx.machine.defer(stop);
  for (;;) {
    const answer = await ask(`http://127.0.0.1:${port}/health/live`).catch(() => undefined);
    if (answer?.status === 200) break;
    if (performance.now() - startedAt > limitMs || child.exitCode !== null)
      throw new Error("The gateway did not start.");
    await wait(5);
  }
  const wallSeconds = (performance.now() - startedAt) / 1000;
  const cpuSeconds = child.pid === undefined ? undefined : cpuSecondsOf(child.pid);
  await stop();
  return { wallSeconds, cpuSeconds };
}
