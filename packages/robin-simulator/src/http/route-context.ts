import type { SimulatorClock } from "../clock.ts";
import type { ServerConfig } from "../config/config-files.ts";
import type { ServerLog } from "../logs/server-log.ts";
import type { SimulatedMetrics } from "../metrics/metrics-model.ts";
import type { SimulatedQueue } from "../queue/queue.ts";
import type { ServerFiles } from "../enqueue/server-files.ts";
import type { MailboxStore } from "../rocksdb/mailbox-store.ts";
import type { FileTree } from "../store/file-tree.ts";
import type { SmtpPeers } from "../send/smtp-peers.ts";
import type { UsersBackend } from "../users/users-backend.ts";

/** What the delivery worker shows in the health answer. */
export interface WorkerStatistics {
  readonly startDelaySeconds: number;
  readonly inFlight: number;
  /** 0 before the first time, as for the next one. */
  readonly lastDispatchAtSeconds: number;
  readonly lastHousekeepingAtSeconds: number;
  readonly nextHousekeepingAtSeconds: number;
}

/** All that a handler gets to see of a request and of the mail server. */
export interface RouteContext {
  readonly method: string;
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
  readonly contentType: string | undefined;
  /** Empty when the client sent none. */
  readonly accept: string;
  /** Whether the credentials are right, or none are needed. */
  readonly authenticated: boolean;
  readonly queue: SimulatedQueue;
  readonly clock: SimulatorClock;
  readonly files: ServerFiles;
  readonly users: UsersBackend;
  readonly config: ServerConfig;
  readonly metrics: SimulatedMetrics;
  readonly logs: ServerLog;
  readonly smtp: SmtpPeers;
  /** The files behind `/store`. */
  readonly store: FileTree;
  /** The mailboxes behind `/store-rocksdb`; undefined while that store is off. */
  readonly mailboxes: MailboxStore | undefined;
  /** From the seed, so that answers repeat. */
  readonly newUuid: () => string;
  readonly readBytes: () => Promise<Buffer>;
  /** The body as Robin's handlers read text: UTF-8, each line ended by one newline. */
  readonly readText: () => Promise<string>;
  readonly uptimeMs: () => number;
  readonly workerStatistics: () => WorkerStatistics;
}
