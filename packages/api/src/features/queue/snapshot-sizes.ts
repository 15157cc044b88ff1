import type { Prisma } from "@robin/db";
import type { QueueTotals } from "./snapshot-store.ts";

/** How finely sizes are kept, and for how long. */
export const sizeResolutions = [
  { seconds: 60, keptDays: 7 },
  { seconds: 3600, keptDays: 366 },
] as const;

/** What happened to one item. */
export interface Movement {
  domains: readonly string[];
  arrived?: boolean;
  left?: boolean;
  retries?: number;
}

interface Flow {
  domain: string;
  arrivals: number;
  departures: number;
  retries: number;
}

/** The name of all domains together. */
export const allDomains = "";

function sumUp(movements: readonly Movement[]): { all: Flow; domains: Flow[] } {
  const flows = new Map<string, Flow>([[allDomains, emptyFlow(allDomains)]]);
  for (const { domains, arrived, left, retries = 0 } of movements) {
    for (const domain of [allDomains, ...domains]) {
      const flow = flows.get(domain) ?? emptyFlow(domain);
      flow.arrivals += arrived ? 1 : 0;
      flow.departures += left ? 1 : 0;
      flow.retries += retries;
      flows.set(domain, flow);
    }
  }
  const [all = emptyFlow(allDomains), ...domains] = flows.values();
  return { all, domains };
}

function emptyFlow(domain: string): Flow {
  return { domain, arrivals: 0, departures: 0, retries: 0 };
}

/** Notes the sizes of now in the minute and the hour, and adds what happened to what had happened in them. */
export async function storeSizes(
  tx: Prisma.TransactionClient,
  { at, totals, movements }: { at: Date; totals: QueueTotals; movements: readonly Movement[] },
): Promise<void> {
  const { all, domains } = sumUp(movements);
  await tx.$executeRaw`
    INSERT INTO gateway_queue_sizes
      (domain, resolution_seconds, at, ready, claimed, dead, arrivals, departures, retries)
    SELECT ${allDomains}, seconds, date_bin(make_interval(secs => seconds), ${at}, 'epoch'),
      ${totals.ready}, ${totals.claimed}, ${totals.dead}, ${all.arrivals}, ${all.departures}, ${all.retries}
    FROM (VALUES (60), (3600)) AS resolution (seconds)
    ON CONFLICT (domain, resolution_seconds, at) DO UPDATE SET
      ready = excluded.ready, claimed = excluded.claimed, dead = excluded.dead,
      arrivals = gateway_queue_sizes.arrivals + excluded.arrivals,
      departures = gateway_queue_sizes.departures + excluded.departures,
      retries = gateway_queue_sizes.retries + excluded.retries`;
  if (domains.length === 0) return;
  const names = domains.map(({ domain }) => domain);
  // Counted anew instead of carried on: an error would stay for good.
  await tx.$executeRaw`
    INSERT INTO gateway_queue_sizes
      (domain, resolution_seconds, at, ready, claimed, dead, arrivals, departures, retries)
    SELECT flow.domain, seconds, date_bin(make_interval(secs => seconds), ${at}, 'epoch'),
      coalesce(ready, 0), coalesce(claimed, 0), coalesce(dead, 0), arrivals, departures, retries
    FROM jsonb_to_recordset(${JSON.stringify(domains)}::jsonb)
      AS flow (domain text, arrivals int, departures int, retries int)
    LEFT JOIN (
      SELECT name AS domain, count(*) FILTER (WHERE state = 'READY') AS ready,
        count(*) FILTER (WHERE state = 'CLAIMED') AS claimed, count(*) FILTER (WHERE state = 'DEAD') AS dead
      FROM gateway_queue_items, unnest(domains) AS name
      WHERE left_at IS NULL AND domains && ${names} AND name = ANY (${names}) GROUP BY name
    ) AS present ON present.domain = flow.domain
    CROSS JOIN (VALUES (60), (3600)) AS resolution (seconds)
    ON CONFLICT (domain, resolution_seconds, at) DO UPDATE SET
      ready = excluded.ready, claimed = excluded.claimed, dead = excluded.dead,
      arrivals = gateway_queue_sizes.arrivals + excluded.arrivals,
      departures = gateway_queue_sizes.departures + excluded.departures,
      retries = gateway_queue_sizes.retries + excluded.retries`;
}
