import type { ConfigFolder } from "@robin/config-files";
import type { WebhookPolicy } from "@robin/api";
import type { Db } from "@robin/db";
import type { Events } from "@robin/events";
import type { JobContract } from "@robin/jobs";
import type { RobinClient } from "@robin/sdk";
import type { Logger } from "pino";
import type { z } from "zod";

/** What a handler may use. Everything it does must be safe to do twice: a killed worker's job runs again. */
export interface JobContext {
  db: Db;
  /** Between all processes. */
  events: Events;
  robin: RobinClient;
  /** Robin's configuration folder, when it is mounted. */
  configFolder?: ConfigFolder | undefined;
  /** Where alerts may be sent: public addresses only when absent. */
  webhooks?: WebhookPolicy | undefined;
  logger: Logger;
  /** Aborted when the worker stops: end at the next safe point, the rest is for another run. */
  signal: AbortSignal;
  now: () => Date;
}

export interface JobHandler {
  contract: JobContract;
  /** Takes the payload as it was stored. What it resolves with is kept with the job. */
  run: (stored: unknown, context: JobContext) => Promise<unknown>;
}

/** Binds a handler to its contract; the stored payload is parsed again, since an older version may have written it. */
export function defineHandler<Payload extends z.ZodType>(
  contract: JobContract<Payload>,
  handle: (payload: z.output<Payload>, context: JobContext) => Promise<unknown>,
): JobHandler {
  return { contract, run: async (stored, context) => handle(contract.payload.parse(stored), context) };
}

/** The same handler at another pace; as it is when there is none. */
export function withSchedule(handler: JobHandler, schedule: JobContract["schedule"]): JobHandler {
  return schedule ? { ...handler, contract: { ...handler.contract, schedule } } : handler;
}
