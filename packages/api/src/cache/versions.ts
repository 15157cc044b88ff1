import { cacheRules } from "./rules.ts";

/** For everything that is kept. */
export const allTags = "*";

/** How often what a procedure answers was declared untrue: an answer that was asked for at another version is outdated. */
export interface Versions {
  of(procedure: string): number;
  outdate(tags: readonly string[]): void;
}

interface Counter {
  count: number;
}

export function createVersions(): Versions {
  const counters = new Map<string, Counter>();
  const byProcedure = new Map<string, Counter[]>();

  function counterOf(tag: string): Counter {
    let counter = counters.get(tag);
    if (!counter) counters.set(tag, (counter = { count: 0 }));
    return counter;
  }
  return {
    of(procedure) {
      let own = byProcedure.get(procedure);
      if (!own) byProcedure.set(procedure, (own = [allTags, ...(cacheRules[procedure]?.tags ?? [])].map(counterOf)));
      let sum = 0;
      for (const { count } of own) sum += count;
      return sum;
    },
    outdate(tags) {
      for (const tag of tags) counterOf(tag).count += 1;
    },
  };
}
