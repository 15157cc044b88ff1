import { formerRedisUrl, formerRobinUrls, redisEnv, robinEnv, sampleSecondsAllowed, webhookEnv } from "@robin/api";
import { z } from "zod";

const Env = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: "must be a postgresql:// URL" }),
  ...redisEnv,
  ...robinEnv,
  ...webhookEnv,
  ROBIN_CONFIG_DIR: z.string().optional(),
  METRICS_SAMPLE_SECONDS: z.coerce
    .number()
    .default(15)
    .refine((seconds) => (sampleSecondsAllowed as readonly number[]).includes(seconds), {
      error: `must be one of ${sampleSecondsAllowed.join(", ")}`,
    }),
  QUEUE_POLL_SECONDS: z.coerce.number("must be a number of seconds").int().min(1).max(60).default(5),
  QUEUE_POLL_SHARE: z.coerce.number("must be a percentage").int().min(1).max(100).default(10),
  WORKER_HEALTH_PORT: z.coerce.number("must be a port, or 0 for none").int().min(0).max(65_535).default(8001),
  SHUTDOWN_SECONDS: z.coerce.number("must be a number of seconds").positive().max(300).default(10),
  LOG_LEVEL: z
    .string()
    .toLowerCase()
    .pipe(z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]))
    .default("info"),
  LOG_FORMAT: z.enum(["json", "pretty"]).default("json"),
});
export type Env = z.infer<typeof Env>;

/** Compose files pass unset variables on as empty ones. */
function withoutEmpty(source: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ""));
}

function formerDatabaseUrl(source: NodeJS.ProcessEnv): string | undefined {
  const { DB_HOST, DB_PORT = "5432", DB_NAME = "robin", DB_USER = "robin", DB_PASSWORD = "" } = source;
  if (!DB_HOST) return undefined;
  const user = `${encodeURIComponent(DB_USER)}:${encodeURIComponent(DB_PASSWORD)}`;
  return `postgresql://${user}@${DB_HOST}:${DB_PORT}/${encodeURIComponent(DB_NAME)}`;
}

/** Names that the former gateway's compose file sets, so that it works with another image. */
function withFormerNames(source: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given = withoutEmpty(source);
  const robinUrls = Object.entries(formerRobinUrls(given)).filter(([, url]) => url !== undefined);
  return {
    ...Object.fromEntries(robinUrls),
    ...given,
    DATABASE_URL: given.DATABASE_URL ?? formerDatabaseUrl(given),
    REDIS_URL: given.REDIS_URL ?? formerRedisUrl(given),
  };
}

/** Every problem of the environment by name, never by value. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

/** @throws EnvironmentError with one line for each missing or bad variable. */
export function readEnv(source: NodeJS.ProcessEnv = process.env): Env {
  const complete = withFormerNames(source);
  const result = Env.safeParse(complete);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    return `  ${name}: ${complete[name] === undefined ? "is missing" : message}`;
  });
  throw new EnvironmentError(`The worker cannot start with this environment:\n${lines.join("\n")}`);
}

/** The names that `.env.example` has to explain. */
export const envNames = Object.keys(Env.shape);
