const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The date of Robin's pages and answers, Java's `E, d MMM yyyy HH:mm:ss Z` on a server that runs in UTC: the day of the month is not padded. */
export function formatJavaDate(date: Date): string {
  const time = date.toISOString().slice(11, 19);
  const day = days[date.getUTCDay()] ?? "";
  const month = months[date.getUTCMonth()] ?? "";
  return `${day}, ${date.getUTCDate()} ${month} ${date.getUTCFullYear()} ${time} +0000`;
}
