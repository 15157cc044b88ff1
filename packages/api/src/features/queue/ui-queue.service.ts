import type { Context } from "../../context.ts";
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
    items: items.map(({ uid, protocol, retryCount, lastRetryAt, recipients, recipientsHidden }) => ({
      uid,
      protocol,
      mailbox: recipients.join(", ") + (recipientsHidden > 0 ? ` (+${recipientsHidden})` : ""),
      retryCount,
      // The UI divides by it.
      ...(maxRetryCount && { maxRetryCount }),
      ...(lastRetryAt && { lastRetryTime: lastRetryAt.getTime() }),
    })),
    totalCount: total,
    pageSize: size,
    pageNumber: page,
  };
}
