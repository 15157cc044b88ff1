import { z } from "zod";
import type { SignedInContext } from "../../context.ts";
import { createWatchers, type Feed } from "../../live/feed.ts";
import { LiveMessage } from "../../live/live-message.ts";
import { LastEventId, LiveStream, liveStreamOutput } from "../../live/live-stream.ts";
import { AggregateHealth } from "./health.schemas.ts";
import type { HealthMonitor } from "./health.service.ts";

export const WatchHealthInput = z.strictObject({ lastEventId: LastEventId }).optional();

export const WatchHealthOutput = liveStreamOutput(AggregateHealth);

/** The aggregate each time it is made anew, while somebody watches. A watcher who was slow gets the last one only. */
export function createHealthFeed(
  health: Pick<HealthMonitor, "aggregate">,
  { everyMs = 5000 }: { everyMs?: number },
): Feed<AggregateHealth> {
  let latest: LiveMessage<AggregateHealth> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    const picture = await health.aggregate();
    if (latest?.data.timestamp === picture.timestamp) return;
    latest = new LiveMessage(String(picture.timestamp), "health", picture);
    watchers.tellAll();
  }

  const watchers = createWatchers({
    onFirst: () => {
      timer = setInterval(() => void look(), everyMs).unref();
      void look();
    },
    onLast: () => {
      clearInterval(timer);
      latest = undefined;
    },
  });
  return {
    since: (after) => (latest && latest.id !== after ? [latest] : []),
    watch: (listener) => watchers.add(listener),
  };
}

/** @throws AppError as `LiveClients.admit`. */
export function watchHealth(
  ctx: SignedInContext,
  input: z.infer<typeof WatchHealthInput>,
): LiveStream<AggregateHealth> {
  return new LiveStream(ctx, { feed: ctx.deps.live.health, after: input?.lastEventId, permission: undefined });
}
