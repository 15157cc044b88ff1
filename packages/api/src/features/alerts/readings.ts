import type { AlertKind, AlertRule, Db, QueueItemState, QueueWatch } from "@robin/db";

/** What the rules are about, as it is known without asking Robin. */
export interface Readings {
  now: Date;
  /** Undefined before the worker has read the queue to its end, and when it has not looked for long. */
  queue: Pick<QueueWatch, "ready" | "claimed" | "dead"> | undefined;
  oldestReadyAt: Date | undefined;
  databaseBytes: number;
  /** The last time that Robin answered the worker. */
  robinSeenAt: Date | undefined;
  /** The last time that the worker looked at the queue. */
  lookedAt: Date | undefined;
  /** Breakers of the worker's own connection to Robin that are not closed. */
  breakersOpen: number;
  evaluatedAt: Date | undefined;
}

/** Older numbers say nothing of the present. */
const staleMs = 2 * 60_000;

/** More than some ticks without a look at the rules: the worker was away. */
const pauseMs = 60_000;

type Reader = Pick<Db, "queueWatch" | "queueItem" | "queueSize" | "metricSample" | "$queryRaw">;

export async function takeReadings(
  db: Reader,
  { now, breakersOpen, evaluatedAt }: Pick<Readings, "now" | "breakersOpen" | "evaluatedAt">,
): Promise<Readings> {
  const watch = await db.queueWatch.findUnique({ where: { id: 1 } });
  const sample = await db.metricSample.findFirst({
    where: { resolution: 0, at: { lte: now } },
    orderBy: { at: "desc" },
    select: { at: true },
  });
  const oldest = await db.queueItem.findFirst({
    where: { leftAt: null, state: "READY" },
    orderBy: { firstSeenAt: "asc" },
    select: { firstSeenAt: true },
  });
  const [size] = await db.$queryRaw<{ bytes: bigint }[]>`SELECT pg_database_size(current_database()) AS bytes`;
  const lookedAt = watch?.lookedAt ?? undefined;
  const isFresh = lookedAt !== undefined && now.getTime() - lookedAt.getTime() <= staleMs;
  return {
    now,
    queue: watch?.completeAt && isFresh ? watch : undefined,
    oldestReadyAt: oldest?.firstSeenAt,
    databaseBytes: Number(size?.bytes ?? 0),
    robinSeenAt: latest(lookedAt, sample?.at),
    lookedAt,
    breakersOpen,
    evaluatedAt,
  };
}

type ValueRule = Pick<AlertRule, "kind" | "states" | "windowSeconds" | "createdAt">;

const countKeys = { READY: "ready", CLAIMED: "claimed", DEAD: "dead" } as const satisfies Record<
  QueueItemState,
  string
>;

/** In the kind's unit: items, seconds or bytes. Undefined when nobody knows. */
export async function valueOf(db: Reader, rule: ValueRule, readings: Readings): Promise<number | undefined> {
  const { now, queue } = readings;
  switch (rule.kind) {
    case "QUEUE_SIZE": {
      if (!queue) return undefined;
      const states: readonly QueueItemState[] = rule.states.length > 0 ? rule.states : ["READY", "CLAIMED", "DEAD"];
      return states.reduce<number>((sum, state) => sum + queue[countKeys[state]], 0);
    }
    case "OLDEST_READY":
      return queue && (readings.oldestReadyAt ? secondsBetween(readings.oldestReadyAt, now) : 0);
    case "DEAD_GROWTH":
      return queue && deadGrowth(db, queue.dead, new Date(now.getTime() - (rule.windowSeconds ?? 0) * 1000));
    case "ROBIN_UNREACHABLE": {
      // While no worker ran nobody asked Robin; the next look knows more.
      if (!readings.evaluatedAt || now.getTime() - readings.evaluatedAt.getTime() > pauseMs) return undefined;
      // Where it never answered, the rule is as old as the gateway or younger.
      return secondsBetween(readings.robinSeenAt ?? rule.createdAt, now);
    }
    case "BREAKER_OPEN":
      return readings.breakersOpen;
    case "DATABASE_SIZE":
      return readings.databaseBytes;
    case "WORKER_LATE": {
      const pause = readings.evaluatedAt ? secondsBetween(readings.evaluatedAt, now) : 0;
      // While Robin is away nobody can look at its queue, which is no fault of the worker's.
      const isRobinThere = readings.robinSeenAt && now.getTime() - readings.robinSeenAt.getTime() <= staleMs;
      return isRobinThere && readings.lookedAt ? Math.max(pause, secondsBetween(readings.lookedAt, now)) : pause;
    }
  }
}

/** Since then, or since the record begins. */
async function deadGrowth(db: Reader, deadNow: number, since: Date): Promise<number | undefined> {
  const whole = { domain: "" };
  const before = await db.queueSize.findFirst({
    where: { ...whole, at: { lte: since } },
    orderBy: [{ at: "desc" }, { resolution: "asc" }],
  });
  const start =
    before ?? (await db.queueSize.findFirst({ where: whole, orderBy: [{ at: "asc" }, { resolution: "asc" }] }));
  return start ? Math.max(0, deadNow - start.dead) : undefined;
}

const number = new Intl.NumberFormat("en");

/** For people: what is the matter. */
export function describeAlert(
  { kind, states, windowSeconds, threshold }: Pick<AlertRule, "kind" | "states" | "windowSeconds" | "threshold">,
  value: number,
): string {
  const [is, limit] = [number.format(Math.round(value)), number.format(threshold)];
  const sentences: Record<AlertKind, string> = {
    QUEUE_SIZE: `${is} items are in the queue${states.length > 0 ? ` as ${states.join(" or ")}` : ""}: more than ${limit}.`,
    OLDEST_READY: `The oldest message that is ready waits for ${is} seconds: longer than ${limit}.`,
    DEAD_GROWTH: `${is} more items are dead than ${number.format(windowSeconds ?? 0)} seconds ago: more than ${limit}.`,
    ROBIN_UNREACHABLE: `Robin has not answered for ${is} seconds: longer than ${limit}.`,
    BREAKER_OPEN: `${is} of Robin's ports fail and are left alone.`,
    DATABASE_SIZE: `The database has ${is} bytes: more than ${limit}.`,
    WORKER_LATE: `The worker did not do its regular work for ${is} seconds: longer than ${limit}.`,
  };
  return sentences[kind];
}

function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, (to.getTime() - from.getTime()) / 1000);
}

function latest(...moments: (Date | undefined)[]): Date | undefined {
  return moments.filter((moment) => moment !== undefined).sort((a, b) => b.getTime() - a.getTime())[0];
}
