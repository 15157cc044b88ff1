/**
 * Reads Robin's `MMdd-HHmmssSSS` on the clocks of a zone. Of the possible years the one nearest to `now` is taken, so a
 * December line read in January is last year's. An hour that a zone has twice is taken for its first; one that it
 * leaves out is moved on. Gives undefined for what is no date. Throws RangeError for an unknown zone.
 */
export function createZonedClock(timeZone: string, now: Date): (stamp: string) => Date | undefined {
  const offsetAt = zoneOffset(timeZone);
  const nowYear = new Date(now.getTime() + offsetAt(now.getTime())).getUTCFullYear();
  // Lines of one minute come together, and a zone asks for its offset slowly.
  let minute = "";
  let minuteAt: number | undefined;

  function instantOf(stamp: string): number | undefined {
    const [month, day, hour, minutes] = [0, 2, 5, 7].map((start) => Number(stamp.slice(start, start + 2)));
    if (month === undefined || day === undefined || hour === undefined || minutes === undefined) return undefined;
    if (hour > 23 || minutes > 59) return undefined;
    const candidates = [nowYear - 1, nowYear, nowYear + 1].flatMap((year) => {
      const local = new Date(Date.UTC(year, month - 1, day, hour, minutes));
      const exists = local.getUTCMonth() === month - 1 && local.getUTCDate() === day;
      return exists ? [toInstant(local.getTime(), offsetAt)] : [];
    });
    const distance = (at: number): number => Math.abs(at - now.getTime());
    return candidates.sort((left, right) => distance(left) - distance(right))[0];
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

/** The offset before a change of clocks wins, then the one that agrees with itself. */
function toInstant(localMs: number, offsetAt: (ms: number) => number): number {
  const dayMs = 86_400_000;
  const before = localMs - offsetAt(localMs - dayMs);
  if (before + offsetAt(before) === localMs) return before;
  const after = localMs - offsetAt(localMs + dayMs);
  return after + offsetAt(after) === localMs ? after : before;
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
