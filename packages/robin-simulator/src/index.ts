export type { SimulatorAuth } from "./http/auth.ts";
export type { ConfigOptions, SimulatedConfig, SyncStatus } from "./config/config-files.ts";
export { shippedFiles as shippedConfigFiles } from "./config/shipped-files.ts";
export { createManualClock } from "./clock.ts";
export type { ManualClock, SimulatorClock } from "./clock.ts";
export type { Fault, FaultRule, SimulatorFaults, SimulatorPort } from "./http/faults.ts";
export type { LogLine } from "./logs/log-format.ts";
export type { LogAppender, LogsOptions, SimulatedLogs } from "./logs/server-log.ts";
export type { RecordedRequest } from "./http/port-server.ts";
export type { QueueFilter } from "./queue/ordered-items.ts";
export type {
  FailOptions,
  QueueItemState,
  QueueStatistics,
  SimulatedEnvelope,
  SimulatedQueue,
  SimulatedQueueItem,
} from "./queue/queue.ts";
export type { DeliveredMail, RecipientOutcome, SimulatedSmtp, SmtpOptions } from "./send/smtp-peers.ts";
export { receive, transmit } from "./send/transmission.ts";
export type { Transmission } from "./send/transmission.ts";
export { createRobinSimulator } from "./simulator.ts";
export type { RobinSimulator, SimulatorOptions } from "./simulator.ts";
export type { Delivery, SimulatedMailboxes } from "./rocksdb/simulated-mailboxes.ts";
export type { SimulatedStore } from "./store/simulated-store.ts";
export type { SimulatedUsers, UsersMode } from "./users/users-backend.ts";
