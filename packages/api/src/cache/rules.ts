import type { ConfigDocument } from "../features/config/config.schemas.ts";

/** What a change makes untrue. */
export type CacheTag = "config" | "mailUsers" | "queue" | "storage";

export interface CacheRule {
  /** How long an answer counts as fresh, from the moment it was asked for. */
  ttlMs: number;
  /** Who is given the same answer: everyone, whoever holds the procedure's permission, or who is signed in (or is not) like the first. */
  sharedBy: "everyone" | "permission" | "being signed in";
  tags: readonly CacheTag[];
  /** Also when the cache is off: Robin would not bear each caller asking for himself. */
  always?: boolean;
  /** Tells an answer that lacks what Robin was too slow to say; it is kept for `shortMs` only. */
  isPoor?: (answer: never) => boolean;
}

const second = 1000;
const minute = 60 * second;

export const shortMs = 5 * second;

/**
 * The queries whose answers are kept: those that cost Robin something and do not depend on who asks beyond his
 * permission. Messages, downloads and what comes from our own database are asked for each time.
 */
export const cacheRules: Readonly<Record<string, CacheRule>> = {
  // Nothing changes it but the sign-in itself, which is looked at first.
  "auth.verify": { ttlMs: 60 * minute, sharedBy: "being signed in", tags: [] },
  "config.get": {
    ttlMs: 5 * minute,
    sharedBy: "permission",
    tags: ["config"],
    isPoor: (answer: ConfigDocument) => !answer._meta.inForceKnown,
  },
  "config.list": { ttlMs: 5 * minute, sharedBy: "permission", tags: ["config"] },
  "config.syncStatus": { ttlMs: 5 * second, sharedBy: "permission", tags: ["config"] },
  "health.aggregate": { ttlMs: 5 * second, sharedBy: "everyone", tags: ["queue"], always: true },
  // Names come and go with Robin's versions; finding them costs Robin a reading of two days of log.
  "logs.loggers": { ttlMs: minute, sharedBy: "permission", tags: [], always: true },
  "logs.search": { ttlMs: 2 * second, sharedBy: "permission", tags: [], always: true },
  "mailUsers.list": { ttlMs: 5 * second, sharedBy: "permission", tags: ["mailUsers"] },
  "mailboxes.folder": { ttlMs: 5 * second, sharedBy: "permission", tags: ["storage"] },
  "mailboxes.folderProperties": { ttlMs: 5 * second, sharedBy: "permission", tags: ["storage"] },
  "mailboxes.view": { ttlMs: 5 * second, sharedBy: "permission", tags: ["storage"] },
  "metrics.get": { ttlMs: minute, sharedBy: "permission", tags: [] },
  // As often as the worker takes samples.
  "metrics.queue": { ttlMs: 15 * second, sharedBy: "permission", tags: [] },
  "metrics.series": { ttlMs: minute, sharedBy: "permission", tags: [] },
  "metrics.system": { ttlMs: 15 * second, sharedBy: "permission", tags: [] },
  "queue.list": { ttlMs: 5 * second, sharedBy: "permission", tags: ["queue"] },
  "queue.listForUi": { ttlMs: 5 * second, sharedBy: "permission", tags: ["queue"] },
  "scanners.clamavStatus": { ttlMs: 5 * second, sharedBy: "permission", tags: [] },
  "scanners.rspamdStatus": { ttlMs: 5 * second, sharedBy: "permission", tags: [] },
  "storage.folderProperties": { ttlMs: 5 * second, sharedBy: "permission", tags: ["storage"] },
  "storage.list": { ttlMs: 5 * second, sharedBy: "permission", tags: ["storage"] },
};

/** What the mutations of a feature make untrue, whether they succeed or not: a failed one may have been carried out. */
export const tagsOfFeature: Readonly<Record<string, readonly CacheTag[]>> = {
  config: ["config"],
  // Sent mail goes through the queue and into mailboxes here.
  mail: ["queue", "storage"],
  mailboxes: ["storage"],
  queue: ["queue"],
  storage: ["storage"],
  // Robin may read its users from our tables.
  users: ["mailUsers"],
};

/** What is no longer true after the mutation at `path`. */
export function tagsOfMutation(path: string): readonly CacheTag[] {
  return tagsOfFeature[path.split(".", 1)[0] ?? ""] ?? [];
}
