import { createDb } from "@robin/db";
import { freePort } from "@robin/db/embedded";
import { ask, seconds } from "../load/clients.ts";
import { rssMbOf } from "../machine/process-figures.ts";
import type { Scenario } from "../scenario.ts";

const limitMs = 30 * 60_000;

export const snapshot: Scenario = {
  name: "snapshot",
  what: "the worker records a queue of 100,000 items that it has never seen",
  run: async (ctx) => {
    const items = ctx.options.quick ? 3000 : 100_000;
    const db = createDb(ctx.machine.databaseUrl, { maxConnections: 1 });
    ctx.machine.defer(() => db.$disconnect());
    const few = await ctx.machine.robin({ items: 1 });
    const many = await ctx.machine.robin({ items });
    // So that the worker's memory is measured before there is anything to read.
    const port = await freePort();
    const env = { QUEUE_POLL_SHARE: "100", WORKER_HEALTH_PORT: String(port) };
    const meters = `http://127.0.0.1:${port}/metrics`;
    const read = async (name: string) => {
      const text = (await ask(meters)).body.toString();
      return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
    };
    const isRecorded = async (count: number) => {
      const present = await db.queueItem.count({ where: { leftAt: null } });
      const watch = await db.queueWatch.findUnique({ where: { id: 1 } });
      return present === count && (watch?.progress as { scan?: unknown } | undefined)?.scan === undefined;
    };
    const begun = performance.now();
    const until = async (count: number, each: () => Promise<void> | void) => {
      while (!(await isRecorded(count))) {
        if (performance.now() - begun > limitMs) throw new Error("The queue was not recorded in time.");
        await each();
        await seconds(0.5);
      }
    };

    ctx.say("a queue of one item");
    const first = await ctx.machine.worker({ robin: few, env });
    await until(1, () => undefined);
    const rssBefore = rssMbOf(first.pid);
    await first.stop();

    ctx.say(`a queue of ${items} items`);
    const worker = await ctx.machine.worker({ robin: many, env });
    const startedAt = performance.now();
    // The first reading is about the start.
    await read("nodejs_eventloop_lag_max_seconds");
    let rssMost = 0;
    let longest = 0;
    await until(items, async () => {
      rssMost = Math.max(rssMost, rssMbOf(worker.pid));
      longest = Math.max(longest, await read("nodejs_eventloop_lag_max_seconds"));
    });
    const robinSeconds = await read("worker_queue_poll_robin_seconds_total");
    return {
      figures: [
        { name: "RSS of the worker, growth", value: rssMost - rssBefore, unit: "MB" },
        { name: "longest stretch of its event loop", value: longest * 1000, unit: "ms" },
        { name: "whole record", value: (performance.now() - startedAt) / 1000, unit: "s" },
        { name: "of it Robin's time", value: robinSeconds, unit: "s" },
        { name: "RSS of the worker, most", value: rssMost, unit: "MB" },
      ],
      notes: [
        "All of Robin's time may be used here. With the usual share of a tenth the record takes ten times Robin's time, and is read on in every poll.",
      ],
    };
  },
};
