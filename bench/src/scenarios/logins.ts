import { crowd, seconds, Tally } from "../load/clients.ts";
import type { Scenario } from "../scenario.ts";
import type { Gateway } from "../machine/gateway.ts";

/** Far from what the core can do, so that the time is the answer's own and not that of a line before it. */
export const steadyPerSecond = 400;

export async function steadyHits(
  gateway: Gateway,
  options: { until: Promise<unknown>; tally?: Tally; path?: string },
): Promise<Tally> {
  const { until, tally, path = "/api/v1/queue?page=1&limit=50" } = options;
  return crowd({
    url: () => gateway.url + path,
    headers: { authorization: `Bearer ${gateway.token}`, "accept-encoding": "gzip, deflate" },
    clients: 8,
    perSecond: steadyPerSecond,
    until,
    ...(tally && { tally }),
  });
}

export const logins: Scenario = {
  name: "logins",
  what: "4 sign-ins at once beside cached answers, on the same core",
  run: async (ctx) => {
    const robin = await ctx.machine.robin();
    const gateway = await ctx.machine.gateway({ robin });
    const [without, during] = [new Tally(), new Tally()];
    await steadyHits(gateway, { until: seconds(1) });
    let signedIn = 0;
    let refused = 0;
    for (let round = 0; round < Math.min(ctx.rounds, 3); round += 1) {
      await steadyHits(gateway, { until: seconds(ctx.seconds), tally: without });
      const isOver = { yes: false };
      const signIns = Array.from({ length: 4 }, async () => {
        while (!isOver.yes) {
          if ((await gateway.signIn()) === 200) signedIn += 1;
          else refused += 1;
        }
      });
      await steadyHits(gateway, { until: seconds(ctx.seconds), tally: during });
      isOver.yes = true;
      await Promise.all(signIns);
    }
    const notes = [`${signedIn} sign-ins, ${refused} refused; hits without: ${without.words}; with: ${during.words}.`];
    if (refused > signedIn) notes.push("Most sign-ins were refused: the figure means nothing.");
    return {
      figures: [
        { name: "p99 with logins to without", value: during.p(0.99) / without.p(0.99), unit: "ratio" },
        { name: "p99 without", value: without.p(0.99), unit: "ms" },
        { name: "p99 with logins", value: during.p(0.99), unit: "ms" },
        { name: "p50 without", value: without.p(0.5), unit: "ms" },
        { name: "p50 with logins", value: during.p(0.5), unit: "ms" },
      ],
      notes,
    };
  },
};
