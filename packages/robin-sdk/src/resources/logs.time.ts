const dayMs = 86_400_000;
/** Lines of several threads change places within moments; farther back in time goes only a clock that is set back. */
const jitterMs = 5 * 60_000;

/**
 * Reads Robin's `MMdd-HHmmssSSS` on the clocks of a zone, for the lines of a log in their order. Of the possible years
 * the one nearest to `now` is taken, so a December line read in January is last year's. An hour that a zone has twice
 * is taken for its first, or for its second once a line of it comes after a later one; an hour that it leaves out is
 * moved on. Gives undefined for what is no date. Throws RangeError for an unknown zone.
 */
export function createZonedClock(timeZone: string, now: Date): (stamp: string) => Date | undefined {
  const offsetAt = zoneOffset(timeZone);
  const nowYear = new Date(now.getTime() + offsetAt(now.getTime())).getUTCFullYear();
  // Lines of one minute come together, and a zone asks for its offset slowly.
  let minute = "";
  let minuteAt: number | undefined;
  let latest = { day: "", at: 0, wasSetBack: false };

  /** Both readings are the same except in an hour that is there twice. */
  function settled({ first, second }: Readings, day: string): number {
    if (latest.day !== day) latest = { day, at: first, wasSetBack: false };
    latest.wasSetBack ||= second > first && first < latest.at - jitterMs;
    const at = latest.wasSetBack ? second : first;
    latest.at = Math.max(latest.at, at);
    return at;
  }

  function instantOf(stamp: string): number | undefined {
    const [month, day, hour, minutes] = [0, 2, 5, 7].map((start) => Number(stamp.slice(start, start + 2)));
    if (month === undefined || day === undefined || hour === undefined || minutes === undefined) return undefined;
    if (hour > 23 || minutes > 59) return undefined;
    const candidates = [nowYear - 1, nowYear, nowYear + 1].flatMap((year) => {
      const local = new Date(Date.UTC(year, month - 1, day, hour, minutes));
      const exists = local.getUTCMonth() === month - 1 && local.getUTCDate() === day;
      return exists ? [readingsOf(local.getTime(), offsetAt)] : [];
    });
    const distance = ({ first }: Readings): number => Math.abs(first - now.getTime());
    const [nearest] = candidates.sort((left, right) => distance(left) - distance(right));
    return nearest && settled(nearest, stamp.slice(0, 4));
  }

  return (stamp) => {
    if (!/^\d{4}-\d{9}$/.test(stamp)) return undefined;
    const seconds = Number(stamp.slice(9, 11));
    if (seconds > 60) return undefined;
    if (stamp.slice(0, 9) !== minute) {
      minute = stamp.slice(0, 9);
      minuteAt = instantOf(stamp);
    }
    return minuteAt === undefined ? undefined : new Date(minuteAt + seconds * 1000 + Number(stamp.slice(11)));
  };
}

/** When today and yesterday began on the clocks of a zone: Robin finds no older lines. Throws RangeError for an unknown zone. */
export function logReach(timeZone: string, now: Date): { yesterday: Date; today: Date } {
  const localMs = now.getTime() + zoneOffset(timeZone)(now.getTime());
  const clock = createZonedClock(timeZone, now);
  const startOf = (ms: number): Date => {
    const [, month, day] = new Date(ms).toISOString().slice(0, 10).split("-");
    return clock(`${month}${day}-000000000`) ?? now;
  };
  return { yesterday: startOf(localMs - dayMs), today: startOf(localMs) };
}

interface Readings {
  first: number;
  second: number;
}

/** The offset before a change of clocks wins, then the one that agrees with itself. */
function readingsOf(localMs: number, offsetAt: (ms: number) => number): Readings {
  const before = localMs - offsetAt(localMs - dayMs);
  const after = localMs - offsetAt(localMs + dayMs);
  const agrees = (at: number): boolean => at + offsetAt(at) === localMs;
  const first = agrees(before) || !agrees(after) ? before : after;
  return { first, second: agrees(after) ? after : first };
}

/** Milliseconds that the zone's clocks are ahead of UTC at an instant. */
function zoneOffset(timeZone: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
  };
}
