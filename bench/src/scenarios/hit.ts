/** What the scenarios about cached answers share. */
import { ask } from "../load/clients.ts";
import { load, type LoadResult } from "../load/load.ts";
import type { Measurable, PreparedAnswer } from "../machine/baseline.ts";
import type { BenchContext, Figure, ScenarioResult } from "../scenario.ts";
import { median } from "../statistics.ts";

/** As browsers send it; the packed answer is also the harder one to keep up with. */
export const browserHeaders = {
  accept: "application/json",
  "accept-encoding": "gzip, deflate",
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) bench",
};

export const connections = 32;

/** Asks twice and gives the second answer, byte by byte. Throws when it is not a 200. */
export async function sampleAnswer(url: string, headers: Record<string, string>): Promise<PreparedAnswer> {
  await ask(url, { headers });
  const { status, rawHeaders, body } = await ask(url, { headers });
  if (status !== 200) throw new Error(`${url} answers ${status}: ${body.toString().slice(0, 300)}`);
  const own = ["date", "connection", "keep-alive"];
  const kept = rawHeaders.filter(
    (_unused, index) => !own.includes(rawHeaders[index - (index % 2)]?.toLowerCase() ?? ""),
  );
  return { status, headers: kept, body };
}

type Candidates = Record<string, Measurable>;

/** Lets the candidates take turns. */
export async function takeTurns(
  ctx: BenchContext,
  candidates: Candidates,
  request: { path: string; headers: Record<string, string> },
): Promise<Record<string, LoadResult[]>> {
  const options = { ...request, connections };
  const results: Record<string, LoadResult[]> = {};
  for (const candidate of Object.values(candidates))
    await load(candidate, { ...options, seconds: ctx.options.quick ? 1 : 2 });
  for (let round = 1; round <= ctx.rounds; round += 1) {
    ctx.say(`round ${round} of ${ctx.rounds}`);
    for (const [name, candidate] of Object.entries(candidates)) {
      (results[name] ??= []).push(await load(candidate, { ...options, seconds: ctx.seconds }));
    }
  }
  return results;
}

/** The median of each round's ratio, so that what the machine does meanwhile hits both sides. */
export function ratio(
  results: Record<string, LoadResult[]>,
  one: string,
  other: string,
): { cpu: number; wall: number } {
  const rounds = (results[one] ?? []).map((result, round) => ({ result, against: results[other]?.[round] ?? result }));
  const wall = median(rounds.map(({ result, against }) => result.perSecond / against.perSecond));
  const cpu = median(rounds.map(({ result, against }) => (result.perCpuSecond ?? NaN) / (against.perCpuSecond ?? NaN)));
  return { wall, cpu };
}

export function speeds(results: Record<string, LoadResult[]>): Figure[] {
  return Object.entries(results).flatMap(([name, rounds]): Figure[] => [
    { name, value: median(rounds.map(({ perSecond }) => perSecond)), unit: "requests/s" },
    ...(rounds.every(({ perCpuSecond }) => perCpuSecond !== undefined)
      ? [{ name, value: median(rounds.map(({ perCpuSecond = 0 }) => perCpuSecond)), unit: "requests/CPU-s" } as const]
      : []),
  ]);
}

/** The verdict is on CPU time: on a machine that does other things, or whose load generator is the slower one, only that is fair. */
export function compare(results: Record<string, LoadResult[]>, one: string, other: string, label: string): Figure[] {
  const { cpu, wall } = ratio(results, one, other);
  if (Number.isNaN(cpu)) return [{ name: label, value: wall, unit: "ratio" }];
  return [
    { name: label, value: cpu, unit: "ratio" },
    { name: `${label}, by the clock`, value: wall, unit: "ratio" },
  ];
}

export function troubles(results: Record<string, LoadResult[]>): string[] {
  return Object.entries(results).flatMap(([name, rounds]) => {
    const bad = rounds.reduce((sum, { badStatuses, socketErrors }) => sum + badStatuses + socketErrors, 0);
    return bad === 0 ? [] : [`${name} gave ${bad} errors: its speed means nothing.`];
  });
}

/** One cached answer of the gateway against node:http (and Express, if asked) with the same bytes. */
export async function measureHit(
  ctx: BenchContext,
  options: { path: string; signedIn: boolean; express?: boolean; robinPath?: string },
): Promise<ScenarioResult> {
  const robin = await ctx.machine.robin();
  const gateway = await ctx.machine.gateway({ robin });
  const headers = { ...browserHeaders, ...(options.signedIn && { authorization: `Bearer ${gateway.token}` }) };
  const answer = await sampleAnswer(gateway.url + options.path, headers);
  const candidates: Candidates = { gateway, "bare node:http": await ctx.machine.prepared("bare", answer) };
  if (options.express) candidates["Express 5"] = await ctx.machine.prepared("express", answer);
  await robin.forgetCalls();
  const results = await takeTurns(ctx, candidates, { path: options.path, headers });
  const notes = [
    `The answer has ${answer.body.length} bytes and ${answer.headers.length / 2} headers.`,
    ...troubles(results),
  ];
  if (options.robinPath) {
    const calls = await robin.calls("client", options.robinPath);
    const requests = (results.gateway ?? []).reduce((sum, round) => sum + round.requests, 0);
    notes.push(`${requests} requests cost ${calls} calls of Robin.`);
  }
  return {
    figures: [
      ...compare(results, "gateway", "bare node:http", "of bare node:http"),
      ...(options.express ? compare(results, "gateway", "Express 5", "of Express") : []),
      ...speeds(results),
    ],
    notes,
  };
}
