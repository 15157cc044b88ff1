import { crowd, seconds, Tally } from "../load/clients.ts";
import type { Scenario } from "../scenario.ts";

export const sigterm: Scenario = {
  name: "sigterm",
  what: "SIGTERM under load",
  run: async (ctx) => {
    const robin = await ctx.machine.robin();
    const tally = new Tally();
    const exits: number[] = [];
    const rounds = Math.min(ctx.rounds, 5);
    for (let round = 0; round < rounds; round += 1) {
      const gateway = await ctx.machine.gateway({ robin });
      const headers = { authorization: `Bearer ${gateway.token}` };
      const events = async () => {
        await seconds(1);
        const at = performance.now();
        await gateway.stop();
        exits.push((performance.now() - at) / 1000);
      };
      const until = events();
      const hits = crowd({
        url: () => `${gateway.url}/api/v1/queue?page=1&limit=50`,
        headers,
        clients: 16,
        tally,
        until,
      });
      const misses = crowd({
        url: (index) => `${gateway.url}/api/v1/queue?state=READY&retryMax=${1000 + index}`,
        headers,
        clients: 8,
        tally,
        until,
      });
      await Promise.all([hits, misses]);
    }
    // A connection that was closed before the process took it has brought nothing to it; whoever made it may try again.
    const lost = [...tally.socketErrors].filter(([code]) => code.endsWith("used connection"));
    const count = lost.reduce((sum, [, errors]) => sum + errors, 0);
    return {
      figures: [
        { name: "accepted requests lost", value: count, unit: "count" },
        { name: "answers other than 200", value: tally.otherThan(200), unit: "count" },
        { name: "longest shutdown", value: Math.max(...exits), unit: "s" },
      ],
      notes: [`${rounds} shutdowns with 24 clients: ${tally.words}.`],
    };
  },
};
