import type { Context } from "../../context.ts";
import type { QueueItem } from "./queue.schemas.ts";
import { listQueue } from "./queue.service.ts";
import type { UiQueueInput, UiQueuePage } from "./ui-queue.schemas.ts";

/** The page of `listQueue` in the words of the Robin UI. */
export async function listQueueForUi(ctx: Context, { page, size }: UiQueueInput): Promise<UiQueuePage> {
  const [{ items, total }, { scheduler }] = await Promise.all([
    listQueue(ctx, { page: page + 1, limit: size }),
    ctx.deps.health.aggregate(),
  ]);
  const maxRetryCount = scheduler?.config.totalRetries;
  return {
    items: items.map((item) => ({
      uid: item.uid,
      protocol: item.protocol,
      mailbox: item.recipients.join(", ") + (item.recipientsHidden > 0 ? ` (+${item.recipientsHidden})` : ""),
      retryCount: item.retryCount,
      // The UI divides by it.
      ...(maxRetryCount && { maxRetryCount }),
      ...createTimeOf(item),
      ...(item.lastRetryAt && { lastRetryTime: item.lastRetryAt.getTime() }),
      ...(item.nextAttemptAt && { nextRetryTime: item.nextAttemptAt.getTime() }),
      ...(item.lastError && { error: item.lastError }),
    })),
    totalCount: total,
    pageSize: size,
    pageNumber: page,
  };
}

/** An item that was there before the gateway began to look is as old as its last retry, if not older. */
function createTimeOf({ firstSeenAt, lastRetryAt = firstSeenAt }: QueueItem): { createTime?: number } {
  if (!firstSeenAt || !lastRetryAt) return {};
  return { createTime: Math.min(firstSeenAt.getTime(), lastRetryAt.getTime()) };
}
