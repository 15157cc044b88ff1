import { ask, crowd, seconds } from "../load/clients.ts";
import { load } from "../load/load.ts";
import type { Scenario } from "../scenario.ts";
import { slope } from "../statistics.ts";
import { browserHeaders } from "./hit.ts";

export const memory: Scenario = {
  name: "memory",
  what: "resident memory of one process, idle and under full load",
  run: async (ctx) => {
    const robin = await ctx.machine.robin();
    const gateway = await ctx.machine.gateway({ robin });
    await seconds(ctx.options.quick ? 2 : 20);
    const idle = gateway.rssMb();
    const signedIn = { authorization: `Bearer ${gateway.token}` };
    const duration = ctx.options.memorySeconds;
    ctx.say(`idle ${idle.toFixed(1)} MB; ${duration} s of load`);
    const samples: [minutes: number, mb: number][] = [];
    const startedAt = performance.now();
    const timer = setInterval(() => {
      samples.push([(performance.now() - startedAt) / 60_000, gateway.rssMb()]);
    }, 500);
    ctx.machine.defer(() => {
      clearInterval(timer);
    });
    const until = seconds(duration);
    const misses = (index: number) => `${gateway.url}/api/v1/queue?state=READY&retryMax=${1000 + index}`;
    const [hits, others] = await Promise.all([
      load(gateway, {
        path: "/api/v1/queue?page=1&limit=50",
        headers: { ...browserHeaders, ...signedIn },
        connections: 32,
        seconds: duration,
      }),
      crowd({ url: misses, headers: signedIn, clients: 4, perSecond: 20, until }),
      signInNowAndThen(gateway.signIn, until),
    ]);
    clearInterval(timer);
    const later = samples.slice(Math.floor(samples.length / 2));
    const inside = await v8Memory(gateway.url);
    await seconds(ctx.options.quick ? 1 : 10);
    return {
      figures: [
        { name: "RSS idle", value: idle, unit: "MB" },
        { name: "RSS under load, most", value: Math.max(...samples.map(([, mb]) => mb)), unit: "MB" },
        { name: "RSS under load, growth", value: slope(later), unit: "MB/min" },
        { name: "RSS 10 s after the load", value: gateway.rssMb(), unit: "MB" },
        { name: "cached answers", value: hits.perSecond, unit: "requests/s" },
      ],
      notes: [
        `${duration} s of 32 connections for cached answers (${hits.badStatuses} refused), 20 others a second (${others.words}) and a sign-in every two seconds; growth over the second half.`,
        `RSS by tenths of the time: ${tenths(samples.map(([, mb]) => mb))} MB.`,
        `At the end V8 used ${inside.heapUsed} of ${inside.heapTotal} MB, and ${inside.external} MB lay outside of its heap.`,
      ],
    };
  },
};

/** As the gateway's own meters have it. */
async function v8Memory(url: string): Promise<{ heapUsed: string; heapTotal: string; external: string }> {
  const text = (await ask(`${url}/metrics`)).body.toString();
  const mb = (name: string) =>
    (Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)`, "m").exec(text)?.[1]) / 1024 ** 2).toFixed(1);
  return {
    heapUsed: mb("nodejs_heap_size_used_bytes"),
    heapTotal: mb("nodejs_heap_size_total_bytes"),
    external: mb("nodejs_external_memory_bytes"),
  };
}

async function signInNowAndThen(signIn: () => Promise<number>, until: Promise<unknown>): Promise<void> {
  const stop = new AbortController();
  void until.then(() => {
    stop.abort();
  });
  while (!stop.signal.aborted) {
    await signIn();
    await seconds(2);
  }
}

function tenths(values: readonly number[]): string {
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN;
  return Array.from({ length: 11 }, (_unused, tenth) => at(tenth / 10).toFixed(0)).join(", ");
}
