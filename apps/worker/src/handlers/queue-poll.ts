import { pollQueue } from "@robin/api";
import { isDatabaseUnavailable } from "@robin/db";
import { contracts } from "@robin/jobs";
import { defineHandler, type JobHandler } from "../handler.ts";
import { createTeller } from "../teller.ts";

export function createQueuePoll(): JobHandler {
  const tell = createTeller("Robin's queue can be read again");
  return defineHandler(contracts.queuePoll, async ({ pollSeconds, sharePercent }, context) => {
    try {
      const { failure, ...outcome } = await pollQueue(context, { pollSeconds, share: sharePercent / 100 });
      if (!context.signal.aborted) {
        tell(
          context.logger,
          failure && { message: "Robin's queue cannot be read; what is known of it stays as it is", err: failure },
        );
      }
      return outcome;
    } catch (error) {
      // The worker's watch has said so; there will be another tick.
      if (isDatabaseUnavailable(error)) return { stored: false };
      throw error;
    }
  });
}

/** The totals from Robin's service port, and pages of the queue when there is something to see. */
export const queuePoll = createQueuePoll();
