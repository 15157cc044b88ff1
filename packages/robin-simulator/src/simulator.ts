import type { SimulatorAuth } from "./http/auth.ts";
import { createServerConfig } from "./config/config-files.ts";
import type { ConfigOptions, SimulatedConfig } from "./config/config-files.ts";
import { systemClock } from "./clock.ts";
import type { SimulatorClock } from "./clock.ts";
import { createFaults } from "./http/faults.ts";
import type { SimulatorFaults, SimulatorPort } from "./http/faults.ts";
import { createPortServer } from "./http/port-server.ts";
import type { PortServer, RecordedRequest } from "./http/port-server.ts";
import { createServerLog } from "./logs/server-log.ts";
import type { LogsOptions, SimulatedLogs } from "./logs/server-log.ts";
import { createMetrics } from "./metrics/metrics-model.ts";
import { createSimulatedQueue } from "./queue/queue.ts";
import type { SimulatedQueue } from "./queue/queue.ts";
import { createRandom } from "./random.ts";
import { createMailFactory, seedQueue } from "./queue/seed.ts";
import { createServerFiles } from "./enqueue/server-files.ts";
import { createWorker, idleStatistics } from "./queue/worker.ts";
import { createMailboxes, seedMailboxes } from "./rocksdb/simulated-mailboxes.ts";
import type { SimulatedMailboxes } from "./rocksdb/simulated-mailboxes.ts";
import { createSeededStore, simulatedStore } from "./store/simulated-store.ts";
import type { SimulatedStore } from "./store/simulated-store.ts";
import { createSmtpPeers } from "./send/smtp-peers.ts";
import type { SimulatedSmtp, SmtpOptions } from "./send/smtp-peers.ts";
import { createUsersBackend } from "./users/users-backend.ts";
import type { SimulatedUsers, UsersMode } from "./users/users-backend.ts";

export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  host?: string | undefined;
  /** Default 0, a free port. */
  clientPort?: number | undefined;
  servicePort?: number | undefined;
  /** Default open. */
  clientAuth?: SimulatorAuth | undefined;
  serviceAuth?: SimulatorAuth | undefined;
  /** Default 1: the same seed gives the same UIDs, mails and, relative to the clock, dates. */
  seed?: number | undefined;
  /** How many queue items there are at the start; default 42, in all states. */
  items?: number | undefined;
  /** Where `/users` looks; default a filled `users.json5`, as Robin ships it. */
  users?: UsersMode | undefined;
  /** The files behind `/config`; default those that Robin ships, in short. `users` does not look at them. */
  config?: ConfigOptions | undefined;
  /** What `/logs` searches; default two days of mail, growing with the clock. */
  logs?: LogsOptions | undefined;
  /** Whom `/client/send` talks to. */
  smtp?: SmtpOptions | undefined;
  /** How many messages each of the two mail stores holds at the start; default 60, over a few accounts. */
  mails?: number | undefined;
  /** Default true. False turns `/store-rocksdb` off, as Robin ships it. */
  mailboxes?: boolean | undefined;
  /** Default the system's. */
  clock?: SimulatorClock | undefined;
  /** How long each request holds its port, or how long one with this path; default 0. */
  serviceTimeMs?: number | ((path: string) => number) | undefined;
  /**
   * Default false: a port that is busy still accepts connections, and both share the process with a test. True stops
   * the thread for the service time, so that the backlog of 10 fills as Robin's does; for a process of its own.
   */
  holdsThread?: boolean | undefined;
  /** Default false: the queue moves only when a request or a test moves it. True lets a timer play Robin's delivery. */
  worker?: boolean | undefined;
  /** How much longer an answer above 8192 bytes takes on a reused connection; default 0, a real Robin needs 44. */
  nagleDelayMs?: number | undefined;
  /** How many requests are kept, the newest ones; default 100,000. */
  recordedRequestsMax?: number | undefined;
}

export interface RobinSimulator {
  readonly clientUrl: string;
  readonly serviceUrl: string;
  readonly queue: SimulatedQueue;
  readonly users: SimulatedUsers;
  readonly config: SimulatedConfig;
  readonly logs: SimulatedLogs;
  readonly smtp: SimulatedSmtp;
  readonly store: SimulatedStore;
  readonly mailboxes: SimulatedMailboxes;
  readonly faults: SimulatorFaults;
  /** Every request of both ports in order of arrival, also those that a fault or a 401 stopped. */
  readonly requests: readonly RecordedRequest[];
  setServiceTime(ms: number): void;
  /** Ends all connections, black-holed ones included, and frees both ports. */
  close(): Promise<void>;
}

const workerTickMs = 1000;
const hostname = "mail.robin.example";
const storeFolder = "/usr/local/robin/store";

/** Starts both ports. Rejects with node's error (`EADDRINUSE`...) if one cannot be had, and then leaves none open. */
export async function createRobinSimulator(options: SimulatorOptions = {}): Promise<RobinSimulator> {
  const { clock = systemClock, host = "127.0.0.1", seed = 1, recordedRequestsMax = 100_000 } = options;
  const startedAt = clock.now().getTime();
  const random = createRandom(seed);
  const files = createServerFiles({ storeFolder, newUuid: random.uuid, nowMs: () => clock.now().getTime() });
  const queue = createSimulatedQueue({ clock, random, hostname, queueFolder: files.queueFolder });
  const mail = createMailFactory(random, clock, files.queueFolder);
  seedQueue(queue, mail, options.items ?? 42);
  const worker = options.worker === true ? createWorker({ queue, random, clock, mail }) : undefined;

  const users = createUsersBackend(options.users);
  const config = createServerConfig(options.config);
  const metrics = createMetrics({ seed, clock });
  const logs = createServerLog({ clock, seed, ...options.logs });
  const smtp = createSmtpPeers(options.smtp);
  // Sources of their own: how much mail there is must not change the queue.
  const { mails = 60 } = options;
  const store = createSeededStore({ random: createRandom(seed + 1), clock, storeFolder, mails });
  const mailboxSetup = { random: createRandom(seed + 2), clock, storeFolder };
  const { store: mailboxStore, mailboxes } = createMailboxes(mailboxSetup);
  seedMailboxes(mailboxes, mails, mailboxSetup);
  const faults = createFaults();
  const requests: RecordedRequest[] = [];
  let serviceTimeMs = options.serviceTimeMs ?? 0;
  let connections = 0;

  const createPort = (port: SimulatorPort, auth: SimulatorAuth = { type: "none" }): PortServer =>
    createPortServer({
      port,
      auth,
      faults,
      state: {
        queue,
        clock,
        files,
        users,
        config,
        metrics,
        logs,
        smtp,
        store,
        mailboxes: options.mailboxes === false ? undefined : mailboxStore,
        newUuid: random.uuid,
        uptimeMs: () => clock.now().getTime() - startedAt,
        workerStatistics: worker?.statistics ?? (() => idleStatistics(Math.floor(startedAt / 1000))),
      },
      nagleDelayMs: options.nagleDelayMs ?? 0,
      serviceTimeMs: (path) => (typeof serviceTimeMs === "number" ? serviceTimeMs : serviceTimeMs(path)),
      holdsThread: options.holdsThread === true,
      nextConnectionId: () => (connections += 1),
      record: (request) => {
        requests.push(request);
        if (requests.length > recordedRequestsMax) requests.shift();
      },
    });
  const client = createPort("client", options.clientAuth);
  const service = createPort("service", options.serviceAuth);
  let timer: NodeJS.Timeout | undefined;
  const close = async (): Promise<void> => {
    clearInterval(timer);
    await Promise.all([client.close(), service.close()]);
  };

  try {
    const clientUrl = await client.listen(options.clientPort ?? 0, host);
    const serviceUrl = await service.listen(options.servicePort ?? 0, host);
    if (worker !== undefined) timer = setInterval(worker.tick, workerTickMs);
    return {
      clientUrl,
      serviceUrl,
      queue,
      users,
      config,
      logs,
      smtp,
      store: simulatedStore(store),
      mailboxes,
      faults,
      requests,
      setServiceTime: (ms) => {
        serviceTimeMs = ms;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
