/** Robin's defaults of `queue.json5` -> `retry`. */
export const retrySchedule = { totalRetries: 30, firstWaitMinutes: 1, growthFactor: 1.2 } as const;

/** Robin's defaults for how often an item is retried; the local delivery agents give up earlier than SMTP. */
export function maxRetryCount(protocol: string): number {
  return ["dovecot-lda", "stalwart-direct"].includes(protocol.toLowerCase()) ? 10 : 30;
}

/** How long a claim lasts before housekeeping gives the item back, in seconds. */
export const claimTimeoutSeconds = 300;

/** Seconds until the next attempt, `retryCount` being the counter after it was raised; 0 beyond the last retry. */
export function retryWaitSeconds(retryCount: number): number {
  const { totalRetries, firstWaitMinutes, growthFactor } = retrySchedule;
  return retryCount > totalRetries ? 0 : Math.round(firstWaitMinutes * growthFactor ** retryCount) * 60;
}
