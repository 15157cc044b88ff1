import type { Prisma, QueueEventKind, QueueItemState } from "@robin/db";
import type { QueueEntry } from "@robin/sdk";
import { type RetrySchedule, retryWaitMs } from "./retry-schedule.ts";
import type { Changes, Watch } from "./snapshot-changes.ts";
import type { QueueItemView } from "./snapshot-store.ts";
import type { Movement } from "./snapshot-sizes.ts";

/** Robin takes any text for a uid, but PostgreSQL's indexes do not, nor do our changes. */
const uidLengthMax = 200;
const textLengthMax = 500;

/** PostgreSQL stores no NUL. */
function clean(text: string): string {
  return text.replaceAll("\0", "").slice(0, textLengthMax);
}

/** An item as it stands on Robin's page. */
interface Found {
  uid: string;
  protocol: string;
  sessionUid: string | null;
  recipients: string[];
  recipientsHidden: number;
  domains: string[];
  files: string[];
  envelopeCount: number;
  retryCount: number;
  lastRetryAt: Date | null;
}

export function domainsOf(recipients: readonly string[]): string[] {
  const domains = recipients.map((recipient) => recipient.slice(recipient.lastIndexOf("@") + 1).toLowerCase());
  return [...new Set(domains.filter((domain, index) => domain !== "" && recipients[index]?.includes("@")))];
}

/** A uid that is listed twice, because the queue moved between two of Robin's own steps, counts once. */
export function toFound(entries: readonly QueueEntry[]): Found[] {
  const found = new Map<string, Found>();
  for (const { uid, sessionUid, lastRetryAt, ...entry } of entries) {
    if (uid.length > uidLengthMax || uid.includes("\0")) continue;
    const recipients = entry.recipients.map(clean);
    found.set(uid, {
      uid,
      protocol: clean(entry.protocol),
      sessionUid: sessionUid === undefined ? null : clean(sessionUid),
      recipients,
      recipientsHidden: entry.recipientsHidden,
      domains: domainsOf(recipients),
      files: entry.files.map(({ name }) => clean(name)),
      envelopeCount: entry.envelopeCount,
      retryCount: entry.retryCount,
      lastRetryAt: lastRetryAt ?? null,
    });
  }
  return [...found.values()];
}

/** What is written of it. */
interface Row extends Found {
  firstSeenAt: Date;
  sender: string | null;
  retriesSeen: number;
  nextAttemptAt: Date | null;
  lastError: string | null;
  /** What somebody did to it explains nothing any more. */
  isRequestOver: boolean;
}

export interface NewEvent {
  uid: string;
  kind: QueueEventKind;
  state?: QueueItemState;
  retryCount?: number;
  action?: string;
  actor?: string;
  text?: string;
}

/** A found item that our record has not, or has otherwise. `state` and what else was is null for one that is new. */
interface Difference {
  uid: string;
  state: QueueItemState | null;
  retryCount: number | null;
  firstSeenAt: Date | null;
  nextAttemptAt: Date | null;
  lastError: string | null;
  sender: string | null;
  retriesSeen: number | null;
  requestedAction: string | null;
  requestedAt: Date | null;
  domains: string[] | null;
  hasLeft: boolean;
}

/** How long after a request Robin's own counter may still go up because of it. */
const requestMs = 60_000;

export interface PageOptions {
  at: Date;
  state: QueueItemState;
  schedule: RetrySchedule | undefined;
  /** The number of the last delta when Robin was asked: what has changed since is newer than the page. */
  askedAtSeq: bigint;
}

/** Writes what is new on a page into the record, under the next number, and returns it; the delta is still to be stored. */
export async function applyPage(
  tx: Prisma.TransactionClient,
  watch: Watch,
  found: readonly Found[],
  options: PageOptions,
): Promise<Pick<Changes, "added" | "changed" | "movements"> | undefined> {
  const { at, state, askedAtSeq } = options;
  const differences = await tx.$queryRaw<Difference[]>`
    SELECT page.uid, item.state, item.retry_count AS "retryCount", item.first_seen_at AS "firstSeenAt",
      item.next_attempt_at AS "nextAttemptAt", item.last_error AS "lastError",
      coalesce(item.sender, origin.sender) AS sender, item.retries_seen AS "retriesSeen",
      item.requested_action AS "requestedAction", item.requested_at AS "requestedAt",
      item.domains, item.left_at IS NOT NULL AS "hasLeft"
    FROM jsonb_to_recordset(${JSON.stringify(found)}::jsonb) AS page (uid text, protocol text, "sessionUid" text,
      recipients text[], "recipientsHidden" int, files text[], "envelopeCount" int, "retryCount" int,
      "lastRetryAt" timestamptz)
    LEFT JOIN gateway_queue_items AS item ON item.uid = page.uid
    LEFT JOIN gateway_queue_origins AS origin ON item.uid IS NULL AND origin.session_uid = page."sessionUid"
    WHERE item.uid IS NULL OR (item.changed_seq <= ${askedAtSeq} AND (item.left_at IS NOT NULL
      OR item.state <> ${state}::gateway_queue_item_state OR item.retry_count <> page."retryCount"
      OR item.last_retry_at IS DISTINCT FROM page."lastRetryAt" OR item.protocol <> page.protocol
      OR item.envelope_count <> page."envelopeCount" OR item.recipients <> page.recipients
      OR item.recipients_hidden <> page."recipientsHidden"))`;
  if (differences.length === 0) return undefined;

  const byUid = new Map(found.map((item) => [item.uid, item]));
  const added: QueueItemView[] = [];
  const changed: QueueItemView[] = [];
  const movements: Movement[] = [];
  const rows: Row[] = [];
  const events: NewEvent[] = [];
  for (const before of differences) {
    const now = byUid.get(before.uid);
    if (!now) continue;
    const isNew = before.state === null;
    const retries = before.retryCount === null ? 0 : Math.max(0, now.retryCount - before.retryCount);
    const isRequested =
      before.requestedAt !== null && Math.abs(at.getTime() - before.requestedAt.getTime()) < requestMs;
    const hasFailedAnew = retries > 0 || (state === "DEAD" && before.state !== "DEAD");
    const firstSeenAt = before.firstSeenAt ?? at;
    const nextAttemptAt = nextAttempt(now, before, { ...options, retries });
    const lastError = hasFailedAnew ? null : before.lastError;
    rows.push({
      ...now,
      firstSeenAt,
      sender: before.sender,
      retriesSeen: (before.retriesSeen ?? 0) + retries,
      nextAttemptAt,
      lastError,
      isRequestOver: before.hasLeft || (hasFailedAnew && !isRequested),
    });
    if (before.hasLeft) events.push({ uid: now.uid, kind: "RETURN", state });
    if (retries > 0) events.push({ uid: now.uid, kind: "RETRY", retryCount: now.retryCount });
    // Between READY and CLAIMED items go to and fro with each attempt, mostly unseen.
    if (!isNew && before.state !== state && (state === "DEAD" || before.state === "DEAD")) {
      events.push({ uid: now.uid, kind: "STATE", state });
    }
    const { domains, sessionUid, lastRetryAt, ...shown } = now;
    const view: QueueItemView = {
      ...shown,
      state,
      ...(sessionUid !== null && { sessionUid }),
      ...(before.sender !== null && { sender: before.sender }),
      ...(lastRetryAt !== null && { lastRetryAt }),
      firstSeenAt,
      ...(nextAttemptAt !== null && { nextAttemptAt }),
      ...(lastError !== null && { lastError }),
    };
    const arrived = isNew || before.hasLeft;
    (arrived ? added : changed).push(view);
    // A domain that the item no longer goes to is counted anew as well.
    movements.push({ domains: [...new Set([...domains, ...(before.domains ?? [])])], arrived, retries });
  }
  await writeItems(tx, { rows, state, seq: watch.seq + 1n });
  await writeEvents(tx, at, events);
  return { added, changed, movements };
}

/** What a READY item waits for. Robin tells when it was last retried, not whether somebody made it due at once. */
function nextAttempt(
  { retryCount, lastRetryAt }: Found,
  { requestedAction, nextAttemptAt }: Difference,
  { state, schedule, retries }: PageOptions & { retries: number },
): Date | null {
  if (state !== "READY" || retryCount === 0 || lastRetryAt === null) return null;
  if (retries === 0 && requestedAction === "retry" && nextAttemptAt) return nextAttemptAt;
  return schedule ? new Date(lastRetryAt.getTime() + retryWaitMs(schedule, retryCount)) : null;
}

async function writeItems(
  tx: Prisma.TransactionClient,
  { rows, state, seq }: { rows: readonly Row[]; state: QueueItemState; seq: bigint },
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO gateway_queue_items (uid, state, protocol, session_uid, sender, recipients, recipients_hidden, domains,
      files, envelope_count, retry_count, last_retry_at, first_seen_at, retries_seen, next_attempt_at, last_error,
      changed_seq)
    SELECT uid, ${state}::gateway_queue_item_state, protocol, "sessionUid", sender, recipients, "recipientsHidden",
      domains, files, "envelopeCount", "retryCount", "lastRetryAt", "firstSeenAt", "retriesSeen", "nextAttemptAt",
      "lastError", ${seq}
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS page (uid text, protocol text, "sessionUid" text,
      sender text, recipients text[], "recipientsHidden" int, domains text[], files text[], "envelopeCount" int,
      "retryCount" int, "lastRetryAt" timestamptz, "firstSeenAt" timestamptz, "retriesSeen" int,
      "nextAttemptAt" timestamptz, "lastError" text)
    ON CONFLICT (uid) DO UPDATE SET
      state = excluded.state, protocol = excluded.protocol, session_uid = excluded.session_uid,
      sender = excluded.sender, recipients = excluded.recipients, recipients_hidden = excluded.recipients_hidden,
      domains = excluded.domains, files = excluded.files, envelope_count = excluded.envelope_count,
      retry_count = excluded.retry_count, last_retry_at = excluded.last_retry_at,
      retries_seen = excluded.retries_seen, next_attempt_at = excluded.next_attempt_at,
      last_error = excluded.last_error, changed_seq = excluded.changed_seq, missing_scan = NULL,
      last_seen_at = NULL, left_at = NULL, left_how = NULL, left_by = NULL`;
  const over = rows.filter(({ isRequestOver }) => isRequestOver).map(({ uid }) => uid);
  if (over.length === 0) return;
  await tx.$executeRaw`
    UPDATE gateway_queue_items SET requested_action = NULL, requested_by = NULL, requested_at = NULL
    WHERE uid = ANY (${over})`;
}

/** Times of one item never go back, whatever the clock does. */
export async function writeEvents(tx: Prisma.TransactionClient, at: Date, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO gateway_queue_events (uid, at, kind, state, retry_count, action, actor, text)
    SELECT event.uid, greatest(${at}, item.first_seen_at,
        (SELECT max(earlier.at) FROM gateway_queue_events AS earlier WHERE earlier.uid = event.uid)),
      kind::gateway_queue_event_kind, event.state::gateway_queue_item_state, event."retryCount", action, actor, text
    FROM jsonb_to_recordset(${JSON.stringify(events)}::jsonb) AS event (uid text, kind text, state text,
      "retryCount" int, action text, actor text, text text)
    JOIN gateway_queue_items AS item ON item.uid = event.uid`;
}
