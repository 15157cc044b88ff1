import type { Prisma } from "@robin/db";
import type { Context, SignedInContext } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { pageWindow, toPage } from "../../listing.ts";
import { withAudit } from "../audit/audit.service.ts";
import { eventNames } from "./webhook-body.ts";
import type { AlertDelivery, DeliveryInput, ListDeliveriesInput, ListDeliveriesOutput } from "./webhooks.schemas.ts";

const withWebhook = { webhook: { select: { name: true } } } as const;
type DeliveryRow = Prisma.AlertDeliveryGetPayload<{ include: typeof withWebhook }>;

export async function listDeliveries(
  { deps: { db } }: Context,
  input: ListDeliveriesInput,
): Promise<ListDeliveriesOutput> {
  const { status, webhookId } = input;
  const where = { ...(status && { status: { in: status } }), ...(webhookId !== undefined && { webhookId }) };
  const [total, rows] = await Promise.all([
    db.alertDelivery.count({ where }),
    db.alertDelivery.findMany({
      where,
      orderBy: [{ createdAt: "desc" }, { id: "desc" }],
      include: withWebhook,
      ...pageWindow(input),
    }),
  ]);
  return toPage(rows.map(toDelivery), total, input);
}

/** @throws AppError `not_found` */
export async function getDelivery({ deps: { db } }: Context, id: string): Promise<AlertDelivery> {
  const row = await db.alertDelivery.findUnique({ where: { id }, include: withWebhook });
  if (!row) throw noSuchDelivery();
  return toDelivery(row);
}

/** Sends a message once more from the start, under the same id. @throws AppError `not_found`; `conflict` while it waits anyhow. */
export async function redeliver(ctx: SignedInContext, { id }: DeliveryInput): Promise<AlertDelivery> {
  const { db, clock } = ctx.deps;
  return withAudit(ctx, { action: "alertWebhooks.redeliver", targets: [id] }, async () => {
    const data = { status: "PENDING" as const, attempts: 0, nextAttemptAt: clock.now() };
    const { count } = await db.alertDelivery.updateMany({ where: { id, status: { not: "PENDING" } }, data });
    const delivery = await getDelivery(ctx, id);
    if (count === 0) throw new AppError("conflict", "This message is still to be delivered.");
    return delivery;
  });
}

function toDelivery({
  webhook,
  alertId,
  event,
  nextAttemptAt,
  deliveredAt,
  lastStatus,
  lastError,
  ...row
}: DeliveryRow) {
  const { id, webhookId, status, attempts, createdAt } = row;
  return {
    ...{ id, webhookId, webhook: webhook.name },
    ...(alertId !== null && { alertId }),
    ...{ event: eventNames[event], status, attempts, createdAt },
    ...(status === "PENDING" && { nextAttemptAt }),
    ...(deliveredAt && { deliveredAt }),
    ...(lastStatus !== null && { lastStatus }),
    ...(lastError !== null && { lastError }),
  } satisfies AlertDelivery;
}

function noSuchDelivery(): AppError {
  return new AppError("not_found", "There is no such message.");
}
