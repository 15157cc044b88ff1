import type { Db } from "@robin/db";
import type { Events } from "@robin/events";
import type { Clock, Logger } from "../context.ts";
import type { Authenticator } from "../features/auth/authenticator.ts";
import type { AggregateHealth } from "../features/health/health.schemas.ts";
import type { HealthMonitor } from "../features/health/health.service.ts";
import { createHealthFeed } from "../features/health/watch-health.ts";
import { createLogTail, type LogTail, type LogTailConfig } from "../features/logs/log-tail.ts";
import type { LogReader } from "../features/logs/log-reader.ts";
import { createQueueFeed, type QueueFeed, type QueueFeedConfig } from "../features/queue/watch-queue.ts";
import type { Feed } from "./feed.ts";
import { createLiveClients, type LiveClients, type LiveClientsConfig } from "./live-clients.ts";

export interface LiveConfig extends LiveClientsConfig {
  queue?: QueueFeedConfig;
  logs?: LogTailConfig;
  health?: { everyMs?: number };
}

/** What can be watched in this process, and by whom it is. */
export interface Live {
  clients: LiveClients;
  queue: QueueFeed;
  logs: LogTail;
  health: Feed<AggregateHealth>;
  /** Ends what is being watched. */
  close(): void;
}

interface LiveParts {
  db: Db;
  events: Events;
  authenticator: Authenticator;
  health: HealthMonitor;
  logs: LogReader;
  clock: Clock;
  logger: Logger;
}

export function createLive(config: LiveConfig, parts: LiveParts): Live {
  const clients = createLiveClients(config, parts);
  const queue = createQueueFeed(config.queue ?? {}, parts);
  return {
    clients,
    queue,
    logs: createLogTail(config.logs ?? {}, parts),
    health: createHealthFeed(parts.health, config.health ?? {}),
    close() {
      clients.close();
      queue.close();
    },
  };
}
