import { randomUUID } from "node:crypto";
import { isRobinError, type RobinClient } from "../../src/index.ts";

/** What only some Robins have; a case that needs it is not applicable to the others, and its name says so. */
export type Need =
  | "credentials"
  | "credentials of its service port"
  | "a queue at rest"
  | "users"
  | "no users backend"
  | "the demo user"
  | "a log"
  | "no log"
  | "an SMTP listener"
  | "local mailboxes"
  | "a peer that refuses"
  | "RocksDB"
  | "no RocksDB";

/** One Robin, simulated or live, as every case sees it. */
export interface ContractRobin {
  name: string;
  client: RobinClient;
  /** The same Robin asked with credentials that are wrong. */
  stranger: RobinClient;
  has: ReadonlySet<Need>;
  /** Where Robin takes mail, on its own host; 0 when it takes none. */
  smtpPort: number;
  /** A server on Robin's host that refuses some; 0 when there is none. */
  peerPort: number;
}

export interface CaseContext extends Omit<ContractRobin, "name" | "has"> {
  /** Of this case alone, never used before. */
  account: { domain: string; user: string };
  /** Runs after the case, the last one given first, whatever came of it. */
  onEnd: (undo: () => Promise<unknown>) => void;
}

export interface ContractCase {
  name: string;
  needs?: readonly Need[];
  run(context: CaseContext): Promise<void>;
}

/** A name that nobody used before, with the characters that get lost when a path is not encoded twice. */
export function newAccount(): CaseContext["account"] {
  return { domain: "contract.test", user: `a+b 100% ü.${randomUUID().slice(0, 8)}` };
}

/** The queue's worker begins so late that it leaves items as they are. */
const restSeconds = 3_600;

/** Of the list that Robin ships, with the password `stark`. */
const demoUser = { username: "tony@example.com" };

/** Asks a Robin what it has, so that the cases need not guess. Rejects when it cannot be reached with its credentials. */
export async function introduce(robin: Omit<ContractRobin, "has" | "smtpPort">): Promise<ContractRobin> {
  const { client, stranger } = robin;
  const health = await client.health.service();
  const smtpPort = health.listeners?.[0]?.port ?? 0;
  const refusals = {
    credentials: await statusOf(stranger.queue.list({ limit: 1 })),
    "credentials of its service port": await statusOf(stranger.config.syncStatus()),
  };
  const users = await statusOf(client.users.list());
  const hasDemoUser = users === undefined && (await client.users.exists(demoUser)).exists;
  const mailboxes = await statusOf(client.mailboxes.view({ ...newAccount(), user: "probe" }));
  const log = await statusOf(collect(client.logs.search({ query: randomUUID() })));
  const has = new Set<Need>([
    ...(["credentials", "credentials of its service port"] as const).filter((need) => refusals[need] === 401),
    ...((health.scheduler?.service?.startDelaySeconds ?? 0) >= restSeconds ? ["a queue at rest" as const] : []),
    users === 503 ? "no users backend" : "users",
    ...(hasDemoUser ? ["the demo user" as const] : []),
    mailboxes === 503 ? "no RocksDB" : "RocksDB",
    log === 500 ? "no log" : "a log",
    ...(robin.peerPort === 0 ? [] : ["a peer that refuses" as const]),
    ...(smtpPort === 0 ? [] : ["an SMTP listener" as const]),
    ...((await keepsOwnMail(client, smtpPort)) ? ["local mailboxes" as const] : []),
  ]);
  return { ...robin, has, smtpPort };
}

/** Whether a mail that Robin sends to itself lies in its recipient's mailbox; as shipped, it does not. */
async function keepsOwnMail(client: RobinClient, port: number): Promise<boolean> {
  if (port === 0) return false;
  const [domain, user] = ["contract.test", `probe-${randomUUID()}`];
  const envelopes = [{ mail: "a@contract.test", rcpt: [`${user}@${domain}`], subject: "probe", message: "probe" }];
  const { delivered } = await client.send.deliver({ case: { mx: ["127.0.0.1"], port, tls: false, envelopes } });
  if (!delivered || (await statusOf(client.store.list({ path: `${domain}/${user}/new` }))) === 404) return false;
  await client.store.messages.deleteAll({ domain, user, folder: "" });
  return true;
}

/** All that an iteration gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The status of a refused call; undefined for one that resolves. */
export async function statusOf(call: Promise<unknown>): Promise<number | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (isRobinError(error) && error.kind === "http") return error.status;
    throw error;
  }
}
