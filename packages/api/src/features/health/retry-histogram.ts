import type { CallOptions, RobinClient } from "@robin/sdk";

/** Items of the queue by how often they were tried again, the number as text. Dead ones are not in it. */
export type RetryHistogram = Record<string, number>;

/** Up to so many items cost Robin less as rows than by the calls that would count them. */
export const shortQueue = 200;

/**
 * Robin's list tells how many items match, so a long queue is counted from the top: how many were tried at least
 * once, twice and so on, until none is left. Rejects with RobinError.
 */
export async function readRetryHistogram(
  { queue }: Pick<RobinClient, "queue">,
  options: CallOptions,
): Promise<RetryHistogram> {
  const { items, total } = await queue.list({ limit: shortQueue }, options);
  if (total <= items.length) return countBy(items.map(({ retryCount }) => retryCount));
  const histogram: RetryHistogram = {};
  let waiting = total;
  for (let retryCount = 0; waiting > 0; retryCount++) {
    const { total: triedMore } = await queue.list({ limit: 1, retryMin: retryCount + 1 }, options);
    if (waiting > triedMore) histogram[retryCount] = waiting - triedMore;
    waiting = triedMore;
  }
  return histogram;
}

function countBy(numbers: readonly number[]): RetryHistogram {
  const histogram: RetryHistogram = {};
  for (const number of numbers) histogram[number] = (histogram[number] ?? 0) + 1;
  return histogram;
}
