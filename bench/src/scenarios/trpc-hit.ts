import type { Scenario } from "../scenario.ts";
import { measureHit } from "./hit.ts";

const input = encodeURIComponent(JSON.stringify({ json: { page: 1, limit: 50 } }));

export const trpcHit: Scenario = {
  name: "trpc-hit",
  what: "the same list over /trpc with superjson, a single call",
  run: (ctx) =>
    measureHit(ctx, { path: `/trpc/queue.list?input=${input}`, signedIn: true, robinPath: "/client/queue/list" }),
};
