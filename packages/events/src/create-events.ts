import { createCarriedEvents } from "./carried-events.ts";
import type { Events, EventsLogger } from "./events.ts";
import { postgresCarrier } from "./postgres-carrier.ts";
import { redisCarrier } from "./redis-carrier.ts";

export interface EventsConfig {
  databaseUrl: string;
  /** Without it messages go by PostgreSQL. */
  redisUrl?: string | undefined;
  /** Of Redis' channel; PostgreSQL keeps databases apart by itself. */
  prefix?: string | undefined;
  logger: EventsLogger;
}

/**
 * Between all processes of a gateway. Resolves once it listens, or after two seconds without the server: it connects
 * later then, with `onGap`. Never rejects.
 */
export function createEvents({ databaseUrl, redisUrl, prefix = "robin", logger }: EventsConfig): Promise<Events> {
  const carrier = redisUrl ? redisCarrier({ url: redisUrl, prefix }) : postgresCarrier(databaseUrl);
  return createCarriedEvents(carrier, { logger });
}
