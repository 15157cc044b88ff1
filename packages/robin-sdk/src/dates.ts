/** Starts of month names, English and German; Robin prints dates in the locale of its JVM. */
const months: readonly RegExp[] = [
  /^jan/i,
  /^feb/i,
  /^(mar|mär|mrz)/i,
  /^apr/i,
  /^(may|mai)/i,
  /^jun/i,
  /^jul/i,
  /^aug/i,
  /^sep/i,
  /^(oct|okt)/i,
  /^nov/i,
  /^(dec|dez)/i,
];

/** Robin's `E, d MMM yyyy HH:mm:ss Z`, such as `Sun, 5 Jul 2026 08:26:40 +0000`. Undefined when it cannot be read. */
export function parseRobinDate(text: string): Date | undefined {
  const match = /^[^,]*, (\d{1,2}) (\S+) (\d{4}) (\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})$/.exec(text);
  if (!match) return undefined;
  const [, day = "", monthName = "", year = "", time = "", zoneHours = "", zoneMinutes = ""] = match;
  const month = months.findIndex((pattern) => pattern.test(monthName)) + 1;
  if (month === 0) return undefined;
  const date = new Date(
    `${year}-${String(month).padStart(2, "0")}-${day.padStart(2, "0")}T${time}${zoneHours}:${zoneMinutes}`,
  );
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Robin writes 0 for "never". */
export function fromEpochSeconds(seconds: number | undefined): Date | undefined {
  return seconds === undefined || seconds <= 0 ? undefined : new Date(seconds * 1_000);
}
