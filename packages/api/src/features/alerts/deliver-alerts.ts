import type { AlertDelivery, AlertWebhook, Db } from "@robin/db";
import type { Clock, Logger } from "../../context.ts";
import { type SendResult, sendWebhook, type WebhookMessage } from "./send-webhook.ts";
import type { WebhookPolicy } from "./webhook-target.ts";

export interface DeliveryParts {
  db: Db;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  policy: WebhookPolicy;
  send?: (message: WebhookMessage, policy: WebhookPolicy) => Promise<SendResult>;
}

/** After these, some six hours after the first, a message goes to the dead letters. */
export const attemptsMax = 14;
const backoffSecondsMin = 10;
const backoffSecondsMax = 3600;
/** Of one webhook in one go. */
const batchMax = 20;

/** Doubles from ten seconds to an hour. */
export function backoffMs(attempts: number): number {
  return Math.min(backoffSecondsMax, backoffSecondsMin * 2 ** (attempts - 1)) * 1000;
}

/** Sends what is due, to all webhooks at once, to each one message after the other and none after one that failed. */
export async function deliverAlerts(parts: DeliveryParts): Promise<{ delivered: number; failed: number }> {
  const { db, clock } = parts;
  const due = { status: "PENDING" as const, nextAttemptAt: { lte: clock.now() } };
  const webhooks = await db.alertWebhook.findMany({
    where: { enabled: true, deliveries: { some: due } },
    include: { deliveries: { where: due, orderBy: [{ createdAt: "asc" }, { id: "asc" }], take: batchMax } },
  });
  const counts = await Promise.all(webhooks.map((webhook) => deliverTo(parts, webhook)));
  return {
    delivered: counts.reduce((sum, { delivered }) => sum + delivered, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  };
}

async function deliverTo(
  parts: DeliveryParts,
  webhook: AlertWebhook & { deliveries: AlertDelivery[] },
): Promise<{ delivered: number; failed: number }> {
  let delivered = 0;
  for (const delivery of webhook.deliveries) {
    if (parts.signal.aborted) break;
    const result = await attempt(parts, webhook, delivery);
    if (result === "failed") return { delivered, failed: 1 };
    if (result === "delivered") delivered += 1;
  }
  return { delivered, failed: 0 };
}

async function attempt(
  { db, clock, logger, policy, send = sendWebhook }: DeliveryParts,
  { url, secret, name }: AlertWebhook,
  { id, event, body, attempts: before }: AlertDelivery,
): Promise<"delivered" | "failed" | "taken"> {
  const at = clock.now();
  const attempts = before + 1;
  // Written down first: after a crash it is sent once more rather than never, and not at once.
  const { count } = await db.alertDelivery.updateMany({
    where: { id, status: "PENDING", attempts: before },
    data: { attempts, nextAttemptAt: new Date(at.getTime() + backoffMs(attempts)) },
  });
  if (count === 0) return "taken";
  const result = await send({ id, event, body, url, secret, at }, policy);
  const lastStatus = result.status ?? null;
  const where = { id, status: "PENDING" as const };
  if (result.ok) {
    const data = { status: "DELIVERED" as const, lastStatus, lastError: null, deliveredAt: clock.now() };
    await db.alertDelivery.updateMany({ where, data });
    return "delivered";
  }
  const isDead = result.isFinal === true || attempts >= attemptsMax;
  const data = { lastStatus, lastError: result.error, ...(isDead && { status: "DEAD" as const }) };
  await db.alertDelivery.updateMany({ where, data });
  const fields = { deliveryId: id, webhook: name, attempts, reason: result.error };
  if (isDead) logger.error(fields, "a webhook could not be told of an alert");
  else logger.warn(fields, "a webhook could not be told of an alert yet");
  return "failed";
}
