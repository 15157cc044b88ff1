import type { Db } from "@robin/db";
import { isRobinError, type RobinClient, type ServiceHealth } from "@robin/sdk";
import type { AnswerCache } from "../../cache/answer-cache.ts";
import type { Clock } from "../../context.ts";
import type { AggregateHealth, PartStatus } from "./health.schemas.ts";
import { readRetryHistogram, type RetryHistogram, shortQueue } from "./retry-histogram.ts";

const checkMs = 1000;
const histogramMs = 30_000;

const procedure = "health.aggregate";

export interface HealthMonitor {
  /** Asks all parts now. Never rejects. */
  check(): Promise<AggregateHealth>;
  /** The answer of `health.aggregate`: a few seconds old at most, and any number of callers cause one check. Never rejects. */
  aggregate(): Promise<AggregateHealth>;
  /** Asks the database now, for at most a second. Never rejects. */
  database(): Promise<PartStatus>;
}

interface HealthParts {
  db: Db;
  robin: RobinClient;
  clock: Clock;
  cache: AnswerCache;
}

export function createHealthMonitor({ db, robin, clock, cache }: HealthParts): HealthMonitor {
  let counted: { at: number; histogram: RetryHistogram | undefined } | undefined;

  const database = async (): Promise<PartStatus> => (await answered(() => db.$queryRaw`SELECT 1`)).status;

  /** Undefined when Robin takes too long to count. A short queue is one call, a long one is not counted each time. */
  async function retryHistogram(size: number): Promise<RetryHistogram | undefined> {
    if (size === 0) return {};
    const at = clock.now().getTime();
    const isFresh = counted && size > shortQueue && Math.abs(at - counted.at) < histogramMs;
    if (!counted || !isFresh) {
      const { value } = await answered(() => readRetryHistogram(robin, { signal: AbortSignal.timeout(checkMs) }));
      counted = { at, histogram: value };
    }
    return counted.histogram;
  }

  async function check(): Promise<AggregateHealth> {
    // Our own signal ends a slow check, not the SDK's deadline: a busy Robin must not open the breaker this way.
    const signal = () => AbortSignal.timeout(checkMs);
    const [client, service, databaseStatus] = await Promise.all([
      answered(() => robin.health.client({ signal: signal() })),
      answered(() => robin.health.service({ signal: signal() })),
      database(),
    ]);
    // Not before the client API has answered: it serves one call at a time.
    const { queue } = service.value ?? {};
    const histogram = queue && client.status === "UP" ? await retryHistogram(queue.size) : undefined;
    // Instead of a 401, Robin shrinks this answer when it does not accept the gateway's credentials.
    const limited = service.value !== undefined && service.value.listeners === undefined;
    const allUp = [client.status, service.status, databaseStatus].every((status) => status === "UP") && !limited;
    return {
      timestamp: clock.now().getTime(),
      service: "robin-gateway",
      status: service.status === "DOWN" ? "DOWN" : allUp ? "UP" : "DEGRADED",
      ...(service.value && robinDetails(service.value, histogram)),
      robinClientApi: { status: client.status },
      robinServiceApi: { status: service.status, ...(limited && { limited }) },
      database: { status: databaseStatus },
    };
  }

  return {
    check,
    database,
    async aggregate() {
      const key = cache.keyOf(procedure, undefined) ?? procedure;
      const { value } = await cache.read({ procedure, key, base: key, signal: undefined, ask: check });
      return value as AggregateHealth;
    },
  };
}

async function answered<Value>(ask: () => Promise<Value>): Promise<{ status: PartStatus; value?: Value }> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<{ status: PartStatus }>((resolve) => {
    timer = setTimeout(resolve, checkMs + 50, { status: "UNKNOWN" });
  });
  const answer = ask().then(
    (value) => ({ status: "UP" as const, value }),
    (error: unknown) => ({
      status: isRobinError(error) && error.kind === "aborted" ? ("UNKNOWN" as const) : ("DOWN" as const),
    }),
  );
  return Promise.race([answer, tooLate]).finally(() => {
    clearTimeout(timer);
  });
}

/** Robin dropped `scheduler.cron` when the scheduler became a service; the UI's dashboard breaks without it. */
function robinDetails(
  { uptime, listeners, queue, scheduler }: ServiceHealth,
  retryHistogram: RetryHistogram | undefined,
): Partial<AggregateHealth> {
  return {
    uptime,
    ...(listeners && { listeners: listeners.map(({ port, threadPool = {} }) => ({ port, threadPool })) }),
    ...(queue && {
      queue: {
        size: queue.size,
        ready: queue.ready,
        claimed: queue.claimed,
        dead: queue.dead,
        ...(retryHistogram && { retryHistogram }),
      },
    }),
    ...(scheduler?.service && {
      scheduler: {
        config: scheduler.config ?? {},
        cron: {
          initialDelaySeconds: scheduler.service.startDelaySeconds,
          periodSeconds: scheduler.service.housekeepingIntervalSeconds,
          lastExecutionEpochSeconds: epochSeconds(scheduler.service.lastHousekeepingAt),
          nextExecutionEpochSeconds: epochSeconds(scheduler.service.nextHousekeepingAt),
        },
      },
    }),
  };
}

function epochSeconds(instant: Date | undefined): number | undefined {
  return instant && Math.floor(instant.getTime() / 1000);
}
