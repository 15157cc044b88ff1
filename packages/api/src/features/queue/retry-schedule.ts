/** As Robin's health tells it. */
export interface RetrySchedule {
  totalRetries: number;
  firstWaitMinutes: number;
  growthFactor: number;
}

/** How long Robin waits after the retry with this number, in milliseconds. Beyond the last one it does not wait. */
export function retryWaitMs(
  { totalRetries, firstWaitMinutes, growthFactor }: RetrySchedule,
  retryCount: number,
): number {
  if (retryCount > totalRetries) return 0;
  return Math.round(firstWaitMinutes * growthFactor ** retryCount) * 60_000;
}
