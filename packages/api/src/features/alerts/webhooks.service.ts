import { isUniqueViolation, type Prisma } from "@robin/db";
import type { Context, SignedInContext } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { mask } from "../../secrets.ts";
import { withAudit } from "../audit/audit.service.ts";
import { queueDelivery } from "./evaluate-alerts.ts";
import { getDelivery } from "./deliveries.service.ts";
import type {
  AlertDelivery,
  AlertWebhook,
  AlertWebhookInput,
  CreateAlertWebhookInput,
  DeletedAlertWebhook,
  ListAlertWebhooksOutput,
  UpdateAlertWebhookInput,
} from "./webhooks.schemas.ts";
import { urlProblem } from "./webhook-target.ts";

const webhooksMax = 20;
const secretCharsMin = 16;

type WebhookRow = Prisma.AlertWebhookGetPayload<object>;

export async function listWebhooks(ctx: Context): Promise<ListAlertWebhooksOutput> {
  const rows = await ctx.deps.db.alertWebhook.findMany({ orderBy: { name: "asc" } });
  return { items: await Promise.all(rows.map((row) => toWebhook(ctx, row))) };
}

/** @throws AppError `invalid_input` for a URL or secret that will not do; `conflict` for a name that is taken. */
export async function createWebhook(ctx: SignedInContext, input: CreateAlertWebhookInput): Promise<AlertWebhook> {
  const { db, clock } = ctx.deps;
  checkTarget(ctx, input);
  return withAudit(ctx, { action: "alertWebhooks.create", targets: [input.name] }, async () => {
    if ((await db.alertWebhook.count()) >= webhooksMax) {
      throw new AppError("conflict", `There are ${webhooksMax} webhooks already.`);
    }
    const now = clock.now();
    const row = await db.alertWebhook
      .create({ data: { ...input, createdAt: now, updatedAt: now } })
      .catch(refuseSameName);
    return toWebhook(ctx, row);
  });
}

/** @throws AppError as `createWebhook`; `not_found` */
export async function updateWebhook(
  ctx: SignedInContext,
  { id, secret, ...given }: UpdateAlertWebhookInput,
): Promise<AlertWebhook> {
  const { db, clock } = ctx.deps;
  const known = await db.alertWebhook.findUnique({ where: { id } });
  const newSecret = secret === mask ? undefined : secret;
  checkTarget(ctx, { ...(given.url !== undefined && { url: given.url }), ...(newSecret && { secret: newSecret }) });
  return withAudit(ctx, { action: "alertWebhooks.update", targets: [known?.name ?? id] }, async () => {
    if (!known) throw noSuchWebhook();
    const changes = Object.entries({ ...given, secret: newSecret }).filter(([, value]) => value !== undefined);
    const data = { ...(Object.fromEntries(changes) as Partial<WebhookRow>), updatedAt: clock.now() };
    const { count } = await db.alertWebhook.updateMany({ where: { id }, data }).catch(refuseSameName);
    const row = count === 1 && (await db.alertWebhook.findUnique({ where: { id } }));
    if (!row) throw noSuchWebhook();
    return toWebhook(ctx, row);
  });
}

/** With what was to be sent to it. @throws AppError `not_found` */
export async function deleteWebhook(ctx: SignedInContext, { id }: AlertWebhookInput): Promise<DeletedAlertWebhook> {
  const { db } = ctx.deps;
  return withAudit(ctx, { action: "alertWebhooks.delete", targets: [await nameOf(ctx, id)] }, async () => {
    const { count } = await db.alertWebhook.deleteMany({ where: { id } });
    if (count === 0) throw noSuchWebhook();
    return { success: true as const };
  });
}

/** The worker sends it, as it would an alert. @throws AppError `not_found` */
export async function testWebhook(ctx: SignedInContext, { id }: AlertWebhookInput): Promise<AlertDelivery> {
  const { db, clock } = ctx.deps;
  const name = await nameOf(ctx, id);
  return withAudit(ctx, { action: "alertWebhooks.test", targets: [name] }, async () => {
    if (!(await db.alertWebhook.findUnique({ where: { id }, select: { id: true } }))) throw noSuchWebhook();
    const deliveryId = await queueDelivery(db, { webhookId: id, event: "TEST", now: clock.now() });
    return getDelivery(ctx, deliveryId);
  });
}

/** @throws AppError `invalid_input` */
function checkTarget({ deps: { webhooks } }: Context, { url, secret }: { url?: string; secret?: string }): void {
  const problem = url === undefined ? undefined : urlProblem(url, webhooks);
  const isShort = secret !== undefined && (secret.length < secretCharsMin || secret === mask);
  const issues = [
    ...(problem === undefined ? [] : [{ path: "url", message: problem }]),
    ...(isShort ? [{ path: "secret", message: `has fewer than ${secretCharsMin} characters` }] : []),
  ];
  if (issues.length > 0) throw new AppError("invalid_input", "The input is not valid.", { issues });
}

async function nameOf({ deps: { db } }: Context, id: string): Promise<string> {
  const row = await db.alertWebhook.findUnique({ where: { id }, select: { name: true } });
  return row?.name ?? id;
}

async function toWebhook({ deps: { db } }: Context, row: WebhookRow): Promise<AlertWebhook> {
  const count = (status: "PENDING" | "DEAD") => db.alertDelivery.count({ where: { webhookId: row.id, status } });
  const { id, name, url, minSeverity, enabled } = row;
  const [waiting, dead] = await Promise.all([count("PENDING"), count("DEAD")]);
  return { id, name, url, secret: mask, minSeverity, enabled, waiting, dead };
}

function refuseSameName(error: unknown): never {
  if (!isUniqueViolation(error)) throw error;
  throw new AppError("conflict", "There is a webhook of this name already.", { cause: error });
}

function noSuchWebhook(): AppError {
  return new AppError("not_found", "There is no such webhook.");
}
