export function secondsText(seconds: number): string {
  return seconds === 1 ? "one second" : `${seconds} seconds`;
}
