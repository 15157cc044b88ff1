import { setTimeout as wait } from "node:timers/promises";
import { ask, seconds } from "../load/clients.ts";
import { type Delivery, epochMs, openWatchers, type Watchers } from "../load/watchers.ts";
import type { Robin } from "../machine/robin.ts";
import type { BenchContext, Scenario } from "../scenario.ts";
import { percentile } from "../statistics.ts";

const deafShare = 0.1;
/** A change waits for the next poll, which is at most five seconds away, and for Robin's pages. */
const deliveryLimitMs = 20_000;

export const live: Scenario = {
  name: "live",
  what: "5,000 clients watch the queue on one process, 500 of which never read",
  run: async (ctx) => {
    const clients = ctx.options.quick ? 200 : 5000;
    const robin = await ctx.machine.robin();
    const plenty = String(2 * clients);
    const env = { LIVE_CLIENTS_MAX: plenty, LIVE_CLIENTS_PER_USER_MAX: plenty };
    const gateway = await ctx.machine.gateway({ robin, env });
    await ctx.machine.worker({ robin });
    const open = async (count: number, share: number): Promise<Watchers> => {
      const watchers = await openWatchers({ url: gateway.url, token: gateway.token, count, deafShare: share });
      ctx.machine.defer(() => {
        watchers.close();
      });
      return watchers;
    };

    ctx.say("one client");
    const alone = await open(1, 0);
    await change(robin, alone, 1);
    // The change has made the worker read pages.
    await seconds(ctx.options.quick ? 0 : 10);
    const callsAlone = await callsPerMinute(ctx, robin);
    // What grows with the first connections only is not a client's.
    (await open(100, 0)).close();
    await seconds(ctx.options.quick ? 1 : 5);
    const rssBefore = gateway.rssMb();

    ctx.say(`${clients} clients`);
    const cpuBefore = gateway.cpuSeconds() ?? NaN;
    const many = await open(clients, deafShare);
    const openingCpu = (gateway.cpuSeconds() ?? NaN) - cpuBefore;
    await seconds(ctx.options.quick ? 1 : 10);
    const rssIdle = gateway.rssMb();
    const callsMany = await callsPerMinute(ctx, robin);

    const rounds = ctx.options.quick ? 2 : 12;
    const latencies: number[] = [];
    const lastAfterPoll: number[] = [];
    const spreads: number[] = [];
    let without = 0;
    for (let round = 0; round < rounds; round += 1) {
      const { changedAt, delivery } = await change(robin, many, many.reading());
      const { arrivals, polledAt } = delivery;
      latencies.push(...arrivals.map((at) => at - changedAt));
      without += Math.max(0, many.reading() - arrivals.length);
      const last = Math.max(...arrivals);
      lastAfterPoll.push((last - polledAt) / 1000);
      spreads.push(last - Math.min(...arrivals));
    }
    const left = await openSockets(gateway.url);
    const perClient = ((rssIdle - rssBefore) * 1024) / clients;
    return {
      figures: [
        { name: "poll to the last client, most", value: Math.max(...lastAfterPoll), unit: "s" },
        { name: "first client to the last, p50", value: percentile(spreads, 0.5), unit: "ms" },
        { name: "change in Robin to a client, p50", value: percentile(latencies, 0.5), unit: "ms" },
        { name: "change in Robin to a client, p99", value: percentile(latencies, 0.99), unit: "ms" },
        { name: "clients without a message", value: without, unit: "count" },
        { name: "RSS per idle client", value: perClient, unit: "kB" },
        { name: "Robin calls with all to with one", value: callsMany / callsAlone, unit: "ratio" },
        { name: "Robin calls per minute", value: callsMany, unit: "calls" },
        { name: "RSS before", value: rssBefore, unit: "MB" },
        { name: "RSS with all, idle", value: rssIdle, unit: "MB" },
        { name: "RSS after the changes", value: gateway.rssMb(), unit: "MB" },
      ],
      notes: [
        `${rounds} changes for ${many.reading()} clients that read. At the end ${left} of all were open on the gateway's side: who does not answer a ping within half a minute is cut.`,
        `The worker polls every five seconds, which is most of the time from a change to a client. Opening all took ${openingCpu.toFixed(1)} s of the gateway's CPU time.`,
        `With one client Robin had ${callsAlone.toFixed(0)} calls a minute, by the worker's polls alone. ${many.snapshots} snapshots were sent.`,
      ],
    };
  },
};

let lastUid = 0;

/** Puts a message into Robin's queue, and waits until that has come to this many clients, or for too long. */
async function change(
  robin: Robin,
  watchers: Watchers,
  expected: number,
): Promise<{ changedAt: number; delivery: Delivery }> {
  const known = watchers.deltas.size;
  const changedAt = epochMs();
  await robin.addToQueue(`bench-${(lastUid += 1)}`);
  while (epochMs() - changedAt < deliveryLimitMs) {
    const delivery = [...watchers.deltas.values()].slice(known).at(-1);
    if (delivery && delivery.arrivals.length >= expected) return { changedAt, delivery };
    await wait(20);
  }
  const late = [...watchers.deltas.values()].at(-1) ?? { arrivals: [], polledAt: changedAt };
  return { changedAt, delivery: late };
}

async function openSockets(url: string): Promise<number> {
  const { body } = await ask(`${url}/metrics`);
  return Number(/^gateway_websocket_clients (\d+)$/m.exec(body.toString())?.[1]);
}

async function callsPerMinute({ options }: BenchContext, robin: Robin): Promise<number> {
  const duration = options.quick ? 6 : 60;
  await robin.forgetCalls();
  await seconds(duration);
  const calls = (await robin.calls("client", "")) + (await robin.calls("service", ""));
  return (calls * 60) / duration;
}
