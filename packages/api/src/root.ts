import type { z } from "zod";
import { alertRulesRouter } from "./features/alerts/alert-rules.router.ts";
import { alertsRouter } from "./features/alerts/alerts.router.ts";
import { alertWebhooksRouter } from "./features/alerts/webhooks.router.ts";
import { aliasesRouter } from "./features/aliases/aliases.router.ts";
import { apiKeysRouter } from "./features/api-keys/api-keys.router.ts";
import { auditRouter } from "./features/audit/audit.router.ts";
import { authRouter } from "./features/auth/auth.router.ts";
import { blocklistRouter } from "./features/blocklist/blocklist.router.ts";
import { configRouter } from "./features/config/config.router.ts";
import { diagnosticsRouter } from "./features/diagnostics/diagnostics.router.ts";
import { domainsRouter } from "./features/domains/domains.router.ts";
import { gatewayRouter } from "./features/gateway/gateway.router.ts";
import { healthRouter } from "./features/health/health.router.ts";
import { jobsRouter } from "./features/jobs/jobs.router.ts";
import { logsRouter } from "./features/logs/logs.router.ts";
import { mailboxesRouter } from "./features/mailboxes/mailboxes.router.ts";
import { mailRouter } from "./features/mail/mail.router.ts";
import { mailUsersRouter } from "./features/mail-users/mail-users.router.ts";
import { metricsRouter } from "./features/metrics/metrics.router.ts";
import { queueRulesRouter } from "./features/queue/bulk-rules/rules.router.ts";
import { queueRouter } from "./features/queue/queue.router.ts";
import { scannersRouter } from "./features/scanners/scanners.router.ts";
import { sessionsRouter } from "./features/sessions/sessions.router.ts";
import { storageRouter } from "./features/storage/storage.router.ts";
import { usersRouter } from "./features/users/users.router.ts";
import { createCallerFactory, type ProcedureMeta, router } from "./trpc.ts";

export const appRouter = router({
  alertRules: alertRulesRouter,
  alerts: alertsRouter,
  alertWebhooks: alertWebhooksRouter,
  aliases: aliasesRouter,
  apiKeys: apiKeysRouter,
  audit: auditRouter,
  auth: authRouter,
  blocklist: blocklistRouter,
  config: configRouter,
  diagnostics: diagnosticsRouter,
  domains: domainsRouter,
  gateway: gatewayRouter,
  health: healthRouter,
  jobs: jobsRouter,
  logs: logsRouter,
  mailboxes: mailboxesRouter,
  mail: mailRouter,
  mailUsers: mailUsersRouter,
  metrics: metricsRouter,
  queueRules: queueRulesRouter,
  queue: queueRouter,
  scanners: scannersRouter,
  sessions: sessionsRouter,
  storage: storageRouter,
  users: usersRouter,
});
export type AppRouter = typeof appRouter;

export const createCaller = createCallerFactory(appRouter);

export interface ProcedureInfo {
  /** Such as `queue.list`. */
  path: string;
  type: "query" | "mutation" | "subscription";
  meta: ProcedureMeta;
  input: z.core.$ZodType | undefined;
  output: z.core.$ZodType | undefined;
}

interface ProcedureDef {
  type: ProcedureInfo["type"];
  meta?: ProcedureMeta;
  inputs: z.core.$ZodType[];
  output?: z.core.$ZodType;
}

/** Every procedure with what it declares of itself. */
export function listProcedures(): ProcedureInfo[] {
  const procedures = appRouter._def.procedures as unknown as Record<string, { _def: ProcedureDef }>;
  return Object.entries(procedures).map(
    ([
      path,
      {
        _def: { type, meta = {}, inputs, output },
      },
    ]) => ({
      path,
      type,
      meta,
      input: inputs[0],
      output,
    }),
  );
}

/** What each procedure takes, for those that take anything. */
export function procedureInputs(): Map<string, z.core.$ZodType> {
  return new Map(listProcedures().flatMap(({ path, input }) => (input ? [[path, input]] : [])));
}
