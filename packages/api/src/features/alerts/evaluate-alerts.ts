import type { Alert, AlertEvent, AlertRule, AlertSeverity, Db, Prisma } from "@robin/db";
import type { Events } from "@robin/events";
import type { Clock, Logger } from "../../context.ts";
import { takeLock } from "../../locks.ts";
import { step } from "./hysteresis.ts";
import { describeAlert, takeReadings, valueOf } from "./readings.ts";
import { webhookBody } from "./webhook-body.ts";

export interface AlertParts {
  db: Db;
  events: Events;
  clock: Clock;
  logger: Logger;
  /** How many breakers towards Robin are not closed. */
  breakersOpen: () => number;
}

const severities = ["INFO", "WARNING", "CRITICAL"] as const satisfies readonly AlertSeverity[];
type Tx = Prisma.TransactionClient;

/**
 * Brings every rule up to date and writes down what is to be sent, in one transaction: an alert that is there is also
 * on its way, and two workers at once tell of it once.
 */
export async function evaluateAlerts(parts: AlertParts): Promise<{ fired: number; cleared: number }> {
  const { db, events, clock, logger } = parts;
  const changed = await db.$transaction(
    async (tx) => {
      await takeLock(tx, "alerts");
      const now = clock.now();
      const rules = await tx.alertRule.findMany();
      const open = await tx.alert.findMany({ where: { clearedAt: null } });
      const evaluatedAt = rules
        .flatMap((rule) => rule.evaluatedAt ?? [])
        .reduce<Date | undefined>((last, at) => (last && last > at ? last : at), undefined);
      const readings = await takeReadings(tx, { now, breakersOpen: parts.breakersOpen(), evaluatedAt });

      const changes: { event: AlertEvent; alert: Alert }[] = [];
      for (const rule of rules) {
        const firing = open.find(({ ruleId }) => ruleId === rule.id);
        if (!rule.enabled) {
          if (firing) changes.push({ event: "CLEARED", alert: await clear(tx, firing, now) });
          continue;
        }
        const value = await valueOf(tx, rule, readings);
        const { progress, transition } = step(rule, { ...rule, isFiring: firing !== undefined }, { value, now });
        const lastValue = value === undefined ? {} : { lastValue: value };
        await tx.alertRule.updateMany({
          where: { id: rule.id },
          data: { ...progress, ...lastValue, evaluatedAt: now },
        });
        if (value === undefined) continue;
        if (transition === "fire") {
          const since = progress.breachingSince ?? now;
          changes.push({ event: "FIRED", alert: await fire(tx, rule, { value, since, now }) });
        } else if (firing && transition === "clear") {
          changes.push({ event: "CLEARED", alert: await clear(tx, firing, now) });
        } else if (firing && firing.value !== value) {
          const worstValue = Math.max(firing.worstValue, value);
          await tx.alert.update({ where: { id: firing.id }, data: { value, worstValue } });
        }
      }
      const orphans = open.filter(({ ruleId }) => !rules.some(({ id }) => id === ruleId));
      for (const alert of orphans) changes.push({ event: "CLEARED", alert: await clear(tx, alert, now) });
      for (const change of changes) await queueDeliveries(tx, change, now);
      return changes;
    },
    { timeout: 20_000 },
  );
  for (const { event, alert } of changed) {
    const { id: alertId, ruleName, severity, message } = alert;
    logger.warn({ alertId, rule: ruleName, severity }, event === "FIRED" ? `alert: ${message}` : "alert has ended");
    await events.publish("alert.changed", { alertId });
  }
  const fired = changed.filter(({ event }) => event === "FIRED").length;
  return { fired, cleared: changed.length - fired };
}

interface Firing {
  value: number;
  since: Date;
  now: Date;
}

function fire(tx: Tx, rule: AlertRule, { value, since, now }: Firing): Promise<Alert> {
  const { id: ruleId, name: ruleName, kind, severity, threshold } = rule;
  const message = describeAlert(rule, value);
  const data = { ruleId, ruleName, kind, severity, threshold, value, worstValue: value, message, since, firedAt: now };
  return tx.alert.create({ data });
}

function clear(tx: Tx, { id }: Alert, now: Date): Promise<Alert> {
  return tx.alert.update({ where: { id }, data: { clearedAt: now } });
}

async function queueDeliveries(tx: Tx, { event, alert }: { event: AlertEvent; alert: Alert }, now: Date) {
  const reached = severities.slice(0, severities.indexOf(alert.severity) + 1);
  const webhooks = await tx.alertWebhook.findMany({ where: { enabled: true, minSeverity: { in: reached } } });
  for (const { id: webhookId } of webhooks) await queueDelivery(tx, { webhookId, event, alert, now });
}

/** Writes down what is to be sent, byte for byte: each attempt sends the same. */
export async function queueDelivery(
  tx: Pick<Tx, "alertDelivery">,
  { webhookId, event, alert, now }: { webhookId: string; event: AlertEvent; alert?: Alert; now: Date },
): Promise<string> {
  const id = crypto.randomUUID();
  const body = webhookBody({ id, event, alert, now });
  const alertId = alert?.id ?? null;
  await tx.alertDelivery.create({ data: { id, webhookId, alertId, event, body, nextAttemptAt: now, createdAt: now } });
  return id;
}
