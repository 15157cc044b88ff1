import { Prisma } from "@robin/db";
import type { QueueFilter } from "./filter.schemas.ts";

export type BulkAction = "retry" | "bounce" | "delete";

interface Match {
  filter: QueueFilter;
  action: BulkAction;
  now: Date;
}

/**
 * The condition on a row `item` of gateway_queue_items. Items that are being delivered are left out of a retry, since
 * they would be delivered twice, unless the filter asks for them by name.
 */
export function matching({ filter, action, now }: Match): Prisma.Sql {
  const states = filter.states ?? (action === "retry" ? ["READY", "DEAD"] : undefined);
  const before = (seconds: number) => new Date(now.getTime() - seconds * 1000);
  const conditions = [Prisma.sql`item.left_at IS NULL`];
  const add = <Value>(value: Value | undefined, condition: (value: Value) => Prisma.Sql): void => {
    if (value !== undefined) conditions.push(condition(value));
  };
  add(states, (list) => Prisma.sql`item.state = ANY(${list}::gateway_queue_item_state[])`);
  add(filter.domain, (domain) => Prisma.sql`item.domains @> ARRAY[${domain}]::text[]`);
  add(filter.sender, (sender) => Prisma.sql`item.sender ILIKE ${toLike(sender)}`);
  add(
    filter.recipient,
    (recipient) =>
      Prisma.sql`EXISTS (SELECT 1 FROM unnest(item.recipients) AS recipient WHERE recipient ILIKE ${toLike(recipient)})`,
  );
  add(filter.firstSeenBefore, (at) => Prisma.sql`item.first_seen_at < ${at}`);
  add(filter.firstSeenAfter, (at) => Prisma.sql`item.first_seen_at >= ${at}`);
  add(filter.olderThanSeconds, (seconds) => Prisma.sql`item.first_seen_at < ${before(seconds)}`);
  add(filter.inStateSeconds, (seconds) => Prisma.sql`${inStateSince} < ${before(seconds)}`);
  add(filter.retryMin, (count) => Prisma.sql`item.retry_count >= ${count}`);
  add(filter.retryMax, (count) => Prisma.sql`item.retry_count <= ${count}`);
  add(filter.error, (text) => Prisma.sql`item.last_error ILIKE ${`%${escaped(text)}%`}`);
  return Prisma.join(conditions, " AND ");
}

/** An item whose state never changed has been in it since it was first seen. */
const inStateSince = Prisma.sql`coalesce(
  (SELECT max(event.at) FROM gateway_queue_events event WHERE event.uid = item.uid AND event.kind = 'STATE'),
  item.first_seen_at)`;

function escaped(text: string): string {
  return text.replaceAll(/[\\%_]/g, "\\$&");
}

function toLike(pattern: string): string {
  return escaped(pattern).replaceAll("*", "%");
}
