import type { Fault, SimulatorPort } from "@robin/simulator";
import { setTimeout as wait } from "node:timers/promises";
import { ask, crowd, seconds, Tally } from "../load/clients.ts";
import type { Robin } from "../machine/robin.ts";
import type { Scenario } from "../scenario.ts";

const timeoutSeconds = 2;

type Trouble = Fault | { kind: "flapping" };

const troubles: Trouble[] = [
  { kind: "delay", ms: timeoutSeconds * 1500 },
  { kind: "reset" },
  { kind: "blackHole" },
  { kind: "garbage" },
  { kind: "html" },
  { kind: "status", status: 500 },
  { kind: "flapping" },
];

async function cause(robin: Robin, port: SimulatorPort, trouble: Trouble, until: Promise<unknown>): Promise<void> {
  if (trouble.kind !== "flapping") {
    await robin.fault({ port, route: "*", fault: trouble });
    await until;
  } else {
    const stop = new AbortController();
    void until.then(() => {
      stop.abort();
    });
    while (!stop.signal.aborted) {
      await robin.fault({ port, route: "*", fault: { kind: "reset" } });
      await wait(300);
      await robin.clearFaults();
      await wait(300);
    }
  }
  await robin.clearFaults();
}

export const robinFaults: Scenario = {
  name: "robin-faults",
  what: "Robin slow, resetting, silent, talking nonsense and flapping, each port alone",
  run: async (ctx) => {
    const robin = await ctx.machine.robin();
    const env = { REQUEST_TIMEOUT_SECONDS: String(timeoutSeconds), CIRCUIT_BREAKER_TIMEOUT_SECONDS: "1" };
    const gateway = await ctx.machine.gateway({ robin, env });
    const headers = { authorization: `Bearer ${gateway.token}` };
    let key = 1000;
    /** Neither is answered from the cache. */
    const urls: Record<SimulatorPort, () => string> = {
      client: () => `${gateway.url}/api/v1/queue?state=READY&retryMax=${(key += 1)}`,
      service: () => `${gateway.url}/api/v1/diagnostics/properties`,
    };
    const rssBefore = gateway.rssMb();
    const all = new Tally();
    const well = new Tally();
    let afterwards = 0;
    const notes: string[] = [];
    for (const port of ["client", "service"] as const) {
      for (const trouble of ctx.options.quick ? troubles.slice(1, 2) : troubles) {
        ctx.say(`${port} port, ${trouble.kind}`);
        const until = seconds(ctx.seconds);
        const tally = new Tally();
        const other = port === "client" ? "service" : "client";
        const load = { headers, clients: 16, until };
        const [, , others] = await Promise.all([
          cause(robin, port, trouble, until),
          crowd({ ...load, url: urls[port], perSecond: 100, tally }),
          crowd({ ...load, url: urls[other], clients: 4, perSecond: 20 }),
        ]);
        const recovered = await secondsUntilWell(urls[port], headers);
        const after = await crowd({ ...load, url: urls[port], clients: 2, perSecond: 40, until: seconds(0.5) });
        afterwards += after.otherThan(200) + after.errors;
        merge(all, tally);
        merge(well, others);
        notes.push(
          `${port} port, ${trouble.kind}: ${tally.words}; slowest ${tally.p(1).toFixed(0)} ms; well ${recovered.toFixed(1)} s after the end; the other port ${others.words}.`,
        );
      }
    }
    return {
      figures: [
        {
          name: "answers that are none of 200, 429, 502, 503, 504",
          value: all.otherThan(200, 429, 502, 503, 504),
          unit: "count",
        },
        { name: "errors at the socket", value: all.errors, unit: "count" },
        { name: "failures without a sentence", value: all.withoutSentence, unit: "count" },
        { name: "failures of the port that is well", value: well.otherThan(200) + well.errors, unit: "count" },
        { name: "failures after the fault", value: afterwards, unit: "count" },
        { name: "slowest answer", value: all.p(1), unit: "ms" },
        { name: "RSS growth", value: gateway.rssMb() - rssBefore, unit: "MB" },
      ],
      notes,
    };
  },
};

function merge(into: Tally, from: Tally): void {
  for (const [status, count] of from.statuses) into.statuses.set(status, (into.statuses.get(status) ?? 0) + count);
  for (const [code, count] of from.socketErrors)
    into.socketErrors.set(code, (into.socketErrors.get(code) ?? 0) + count);
  into.latencies.push(...from.latencies);
  into.withoutSentence += from.withoutSentence;
}

/** Gives up after ten seconds, which then shows as failures after the fault. */
async function secondsUntilWell(url: () => string, headers: Record<string, string>): Promise<number> {
  const startedAt = performance.now();
  const elapsed = () => (performance.now() - startedAt) / 1000;
  while (elapsed() < 10) {
    const answer = await ask(url(), { headers }).catch(() => undefined);
    if (answer?.status === 200) break;
    await wait(50);
  }
  return elapsed();
}
