import type { Alert, AlertEvent } from "@robin/db";
import { createHmac } from "node:crypto";

export const eventNames = {
  FIRED: "alert.fired",
  CLEARED: "alert.cleared",
  TEST: "alert.test",
} as const satisfies Record<AlertEvent, string>;

/** What a webhook is sent, as JSON. */
export function webhookBody(message: { id: string; event: AlertEvent; alert: Alert | undefined; now: Date }): string {
  const { id, event, alert, now } = message;
  return JSON.stringify({
    id,
    event: eventNames[event],
    at: now,
    ...(alert && {
      alert: {
        id: alert.id,
        rule: alert.ruleName,
        kind: alert.kind,
        severity: alert.severity,
        message: alert.message,
        threshold: alert.threshold,
        value: alert.value,
        since: alert.since,
        firedAt: alert.firedAt,
        ...(alert.clearedAt && { clearedAt: alert.clearedAt }),
      },
    }),
  });
}

/** `t=<seconds since 1970>,v1=<hex>`: HMAC-SHA256 over the time, a dot and the body, so that neither can be replaced. */
export function webhookSignature({ secret, body, at }: { secret: string; body: string; at: Date }): string {
  const seconds = Math.floor(at.getTime() / 1000);
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}
