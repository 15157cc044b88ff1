/** How far a rule is on its way to fire, or to end. */
export interface RuleProgress {
  /** The value has been above the threshold since then, without a break. */
  breachingSince: Date | null;
  /** While it fires: the value has been back below since then. */
  calmSince: Date | null;
}

export interface RuleTiming {
  threshold: number;
  /** How long the value has to be above before the rule fires. */
  forSeconds: number;
  /** How long it has to be back before the alert ends. */
  clearSeconds: number;
}

export interface Step {
  progress: RuleProgress;
  transition?: "fire" | "clear";
}

/** A value that nobody knows changes nothing: neither does an alert begin on it, nor end. */
export function step(
  { threshold, forSeconds, clearSeconds }: RuleTiming,
  before: RuleProgress & { isFiring: boolean },
  { value, now }: { value: number | undefined; now: Date },
): Step {
  const { breachingSince, calmSince, isFiring } = before;
  if (value === undefined) return { progress: { breachingSince, calmSince } };
  if (value > threshold) {
    const since = earliest(breachingSince, now);
    const isDue = !isFiring && hasLasted(since, forSeconds, now);
    return { progress: { breachingSince: since, calmSince: null }, ...(isDue && { transition: "fire" }) };
  }
  if (!isFiring) return { progress: { breachingSince: null, calmSince: null } };
  const since = earliest(calmSince, now);
  if (!hasLasted(since, clearSeconds, now)) return { progress: { breachingSince, calmSince: since } };
  return { progress: { breachingSince: null, calmSince: null }, transition: "clear" };
}

/** A moment in the future was written before the clock was put back. */
function earliest(since: Date | null, now: Date): Date {
  return since && since <= now ? since : now;
}

function hasLasted(since: Date, seconds: number, now: Date): boolean {
  return now.getTime() - since.getTime() >= seconds * 1000;
}
