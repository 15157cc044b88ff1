import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { ask, seconds, Tally } from "../load/clients.ts";
import type { Gateway } from "../machine/gateway.ts";
import type { Scenario } from "../scenario.ts";
import { steadyHits } from "./logins.ts";

/** Node looks for clients that take too long now and then only. */
const cutWithinSeconds = 100;

export const connections: Scenario = {
  name: "connections",
  what: "10,000 idle connections, heads byte by byte, clients that never read",
  run: async (ctx) => {
    const robin = await ctx.machine.robin();
    const connectionsMax = ctx.options.quick ? 1000 : 10_000;
    const gateway = await ctx.machine.gateway({ robin, env: { MAX_CONNECTIONS: String(connectionsMax) } });
    const idleCount = ctx.options.quick ? 900 : 9900;
    const rss = [gateway.rssMb()];
    const crowds = [];

    ctx.say(`${idleCount} idle connections`);
    const idle = await openMany(gateway, idleCount);
    crowds.push(await steadyHits(gateway, { until: seconds(ctx.seconds) }));
    rss.push(gateway.rssMb());
    const idleKept = idle.filter((socket) => !socket.closed).length;
    ctx.say("more than are allowed");
    const tooMany = await openMany(gateway, 150);
    const late = new Tally();
    for (let client = 0; client < 20; client += 1) {
      await ask(`${gateway.url}/health/live`).then(
        (answer) => {
          late.add(answer);
        },
        (error: unknown) => {
          late.fail(error);
        },
      );
    }
    for (const socket of tooMany) socket.destroy();
    for (const socket of idle) socket.destroy();

    ctx.say("clients that never read");
    const deaf = await openMany(gateway, 100);
    const head = `GET /api/v1/queue?page=1&limit=50 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.token}\r\n\r\n`;
    for (const socket of deaf) socket.pause().write(head.repeat(200));
    crowds.push(await steadyHits(gateway, { until: seconds(ctx.seconds) }));
    rss.push(gateway.rssMb());
    for (const socket of deaf) socket.destroy();

    ctx.say("heads byte by byte");
    const slow = await openMany(gateway, 200);
    const slowStart = performance.now();
    const dribble = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write("G");
    }, 500);
    ctx.machine.defer(() => {
      clearInterval(dribble);
    });
    for (const socket of slow) socket.resume().write("GET /api/v1/queue HTTP/1.1\r\nx-slow: ");
    crowds.push(await steadyHits(gateway, { until: seconds(ctx.seconds) }));
    rss.push(gateway.rssMb());
    const open = () => slow.filter((socket) => !socket.closed && !socket.readableEnded).length;
    if (!ctx.options.quick)
      while (open() > 0 && performance.now() - slowStart < cutWithinSeconds * 1000) await wait(500);
    const cutAfter = (performance.now() - slowStart) / 1000;
    const left = open();
    clearInterval(dribble);
    for (const socket of slow) socket.destroy();
    await seconds(1);
    rss.push(gateway.rssMb());

    const failures = crowds.reduce((sum, tally) => sum + tally.otherThan(200) + tally.errors, 0);
    const [before = 0, withIdle = 0, withDeaf = 0, withSlow = 0, after = 0] = rss;
    return {
      figures: [
        {
          name: "not refused with a sentence when all are taken",
          value: late.otherThan(503) + late.errors + late.withoutSentence,
          unit: "count",
        },
        { name: "answers other than 200 meanwhile", value: failures, unit: "count" },
        ...(ctx.options.quick ? [] : [{ name: "connections left open", value: left, unit: "count" } as const]),
        { name: "slow heads are cut after", value: cutAfter, unit: "s" },
        { name: "p99 of hits beside the idle ones", value: crowds[0]?.p(0.99) ?? NaN, unit: "ms" },
        { name: "p99 of hits beside those that never read", value: crowds[1]?.p(0.99) ?? NaN, unit: "ms" },
        { name: "RSS before", value: before, unit: "MB" },
        { name: "RSS with the idle ones", value: withIdle, unit: "MB" },
        { name: "RSS with those that never read", value: withDeaf, unit: "MB" },
        { name: "RSS with slow heads", value: withSlow, unit: "MB" },
        { name: "RSS after", value: after, unit: "MB" },
      ],
      notes: [
        `${idleKept} of ${idleCount} idle connections were held; who came when all ${connectionsMax} were taken got ${late.words} (without a sentence: ${late.withoutSentence}).`,
      ],
    };
  },
};

/** A hundred at a time, so that no backlog is the limit. */
async function openMany(gateway: Gateway, count: number): Promise<Socket[]> {
  const { hostname, port } = new URL(gateway.url);
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(100, count - sockets.length) }, () => {
      const socket = connect(Number(port), hostname);
      return new Promise<Socket>((resolve) => {
        socket.once("connect", () => {
          resolve(socket);
        });
        socket.on("error", () => {
          resolve(socket);
        });
      });
    });
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}
