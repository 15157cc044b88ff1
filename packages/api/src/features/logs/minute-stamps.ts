const minuteMs = 60_000;

/** How Robin's log writes each minute from the one of `from` to the one of `to`, as `MMdd-HHmm` on the clocks of its zone. */
export function minuteStamps({ from, to, timeZone }: { from: Date; to: Date; timeZone: string }): string[] {
  const format = new Intl.DateTimeFormat("en-US-u-hc-h23", {
    timeZone,
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  const stamps: string[] = [];
  for (let minute = Math.floor(from.getTime() / minuteMs); minute * minuteMs <= to.getTime(); minute += 1) {
    const parts = new Map(format.formatToParts(minute * minuteMs).map(({ type, value }) => [type, value]));
    const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? "";
    stamps.push(`${part("month")}${part("day")}-${part("hour")}${part("minute")}`);
  }
  return stamps;
}
