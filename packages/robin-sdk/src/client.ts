import { limitsOf, type RobinClientConfig } from "./config.ts";
import type { RobinService } from "./errors.ts";
import type { BreakerState } from "./policies.ts";
import { createConfigResource, type ConfigResource } from "./resources/config.ts";
import { createHealthResource, type HealthResource } from "./resources/health.ts";
import { createLogsResource, type LogsResource } from "./resources/logs.ts";
import { createMetricsResource, type MetricsResource } from "./resources/metrics.ts";
import { createQueueResource, type QueueResource } from "./resources/queue.ts";
import { createSendResource, type SendResource } from "./resources/send.ts";
import { createSystemResource, type SystemResource } from "./resources/system.ts";
import { createUsersResource, type UsersResource } from "./resources/users.ts";
import { createMailboxesResource, type MailboxesResource } from "./resources/mailboxes.ts";
import { createStoreResource, type StoreResource } from "./resources/store.ts";
import { createTransport, type PortLoad } from "./transport.ts";

export interface RobinClient {
  queue: QueueResource;
  health: HealthResource;
  store: StoreResource;
  mailboxes: MailboxesResource;
  users: UsersResource;
  config: ConfigResource;
  logs: LogsResource;
  send: SendResource;
  metrics: MetricsResource;
  system: SystemResource;
  /** The state of each port's breaker, now. */
  breakers(): Record<RobinService, BreakerState>;
  /** Calls to each port: those at Robin, and those that wait for their turn. */
  load(): Record<RobinService, PortLoad>;
  /** Lets running calls end (at most one deadline), then closes every connection. New calls are refused at once. */
  close(): Promise<void>;
}

/** Creates a client of one Robin; nothing is connected yet. Throws TypeError for a configuration that cannot work. */
export function createRobinClient(config: RobinClientConfig): RobinClient {
  const transport = createTransport(config);
  return {
    queue: createQueueResource(transport),
    health: createHealthResource(transport),
    store: createStoreResource(transport),
    mailboxes: createMailboxesResource(transport),
    users: createUsersResource(transport),
    config: createConfigResource(transport),
    logs: createLogsResource(transport),
    send: createSendResource(transport, limitsOf(config).sends),
    metrics: createMetricsResource(transport),
    system: createSystemResource(transport),
    breakers: () => transport.breakers(),
    load: () => transport.load(),
    close: () => transport.close(),
  };
}
