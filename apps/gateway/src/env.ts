import { formerRedisUrl, formerRobinUrls, jwtAlgorithms, redisEnv, robinEnv, webhookEnv } from "@robin/api";
import { samplers } from "@robin/tracing";
import { existsSync } from "node:fs";
import path from "node:path";
import { z } from "zod";

const duration = (unit: string, fallback: number, max: number) =>
  z.coerce.number(`must be a number of ${unit}`).positive().max(max).default(fallback);
const count = (fallback: number, max: number) =>
  z.coerce.number("must be a whole number").int().min(1).max(max).default(fallback);
const flag = (fallback: boolean) =>
  z
    .enum(["true", "false"])
    .default(fallback ? "true" : "false")
    .transform((word) => word === "true");
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: "must be a postgresql:// URL" });
const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
);

/** Bytes, written as 1mb, 512kb or a plain number. */
const bytes = z
  .string()
  .regex(/^\d+(kb|mb)?$/i, "must be a number of bytes, such as 1mb")
  .transform((text) => Number.parseInt(text, 10) * (/mb$/i.test(text) ? 1024 ** 2 : /kb$/i.test(text) ? 1024 : 1));

/** How many proxies stand in front, or their addresses; decides whose X-Forwarded-For is believed. */
const trustProxy = z
  .string()
  .trim()
  .transform((text): boolean | number | string => {
    if (text === "" || text === "false") return false;
    return /^\d+$/.test(text) ? Number(text) : text;
  });

/** Node reads what Java writes: `Europe/Berlin`, `UTC`, `+02:00`. */
const timeZone = z.string().refine(
  (name) => {
    try {
      return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
    } catch {
      return false;
    }
  },
  { error: "must be the name of a time zone, such as Europe/Berlin, or an offset, such as +02:00" },
);

const address = z
  .string()
  .trim()
  .transform((text, ctx) => {
    const [, bracketed, name, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text) ?? [];
    const [host, port] = [bracketed ?? name, Number(digits)];
    if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
    ctx.addIssue({ code: "custom", message: "must be a host and a port, such as clamav:3310" });
    return z.NEVER;
  });

const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http or https URL" });

const uiFolder = z
  .string()
  .transform((folder) => path.resolve(folder))
  .refine((folder) => existsSync(path.join(folder, "index.html")), {
    error: "must be the folder of a built UI, with its index.html",
  });

const Env = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8000),
  HOST: z.string().min(1).default("0.0.0.0"),
  WORKERS: count(1, 64),
  MAX_CONNECTIONS: count(10_000, 1_000_000),
  DATABASE_URL: postgresUrl,
  ...redisEnv,
  ...robinEnv,
  ...webhookEnv,
  ROBIN_MAX_CONNECTIONS: count(8, 100),
  ROBIN_MAX_WAITING: count(256, 10_000),
  ROBIN_TIME_ZONE: timeZone.optional(),
  ROBIN_CONFIG_DIR: z.string().optional(),
  JWT_SECRET: list.refine((secrets) => secrets.length > 0 && secrets.every((secret) => secret.length >= 32), {
    error: "must be at least 32 characters; several may be given with commas, the newest first",
  }),
  JWT_ALGORITHM: z.enum(jwtAlgorithms).default("HS256"),
  ACCESS_TOKEN_EXPIRE_MINUTES: duration("minutes", 30, 24 * 60),
  REFRESH_TOKEN_EXPIRE_DAYS: duration("days", 7, 366),
  ADMIN_USERNAME: z.email("must be a mail address").default("admin@robin.local"),
  ADMIN_PASSWORD: z.string().min(8, "must have at least 8 characters").max(72).optional(),
  RATE_LIMIT_ENABLED: flag(true),
  RATE_LIMIT_PER_MINUTE: count(100, 100_000_000),
  RATE_LIMIT_USER_PER_MINUTE: count(600, 100_000_000),
  RATE_LIMIT_QUEUE_PER_MINUTE: count(100, 100_000_000),
  RATE_LIMIT_LOGIN_PER_MINUTE: count(5, 1000),
  RATE_LIMIT_LOGIN_ADDRESS_PER_MINUTE: count(30, 10_000),
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: count(5, 1000),
  CIRCUIT_BREAKER_TIMEOUT_SECONDS: duration("seconds", 30, 3600),
  REQUEST_TIMEOUT_SECONDS: duration("seconds", 10, 600),
  CACHE_ENABLED: flag(true),
  CACHE_STALE_SECONDS: z.coerce.number("must be a number of seconds").min(0).max(86_400).default(300),
  CACHE_MAX_MB: count(16, 10_000),
  LIVE_CLIENTS_MAX: count(5500, 100_000),
  LIVE_CLIENTS_PER_USER_MAX: count(100, 100_000),
  SHUTDOWN_SECONDS: duration("seconds", 10, 300),
  BODY_LIMIT: bytes.prefault("1mb"),
  CORS_ORIGINS: list.prefault(""),
  CORS_ALLOW_CREDENTIALS: flag(true),
  TRUST_PROXY: trustProxy.prefault(""),
  METRICS_TOKEN: z.string().min(16, "must have at least 16 characters").optional(),
  UI_DIST_DIR: uiFolder.optional(),
  CLAMAV_ADDRESS: address.optional(),
  RSPAMD_ADDRESS: address.optional(),
  RSPAMD_CONTROLLER_ADDRESS: address.optional(),
  RSPAMD_CONTROLLER_PASSWORD: z
    .string()
    .regex(/^[!-~]+$/, "must be of printable ASCII characters without blanks")
    .optional(),
  SCANNER_TEST_TARGETS: list.pipe(z.array(address)).prefault(""),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl.optional(),
  OTEL_TRACES_SAMPLER: z.enum(samplers).default("parentbased_always_on"),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number("must be a number").min(0).max(1).default(1),
  OTEL_SERVICE_NAME: z.string().default("robin-gateway"),
  // OpenTelemetry's own code reads these two.
  OTEL_RESOURCE_ATTRIBUTES: z.string().optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z.string().optional(),
  LOG_LEVEL: z
    .string()
    .toLowerCase()
    .pipe(z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]))
    .default("info"),
  LOG_FORMAT: z.enum(["json", "pretty"]).default("json"),
});
export type Env = z.infer<typeof Env>;

/** Names that the former gateway's compose file sets, so that it works with another image. */
function withFormerNames(source: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { DB_HOST, DB_PORT = "5432", DB_NAME = "robin", DB_USER = "robin", DB_PASSWORD = "" } = source;
  const databaseUrl = DB_HOST
    ? `postgresql://${encodeURIComponent(DB_USER)}:${encodeURIComponent(DB_PASSWORD)}@${DB_HOST}:${DB_PORT}/${encodeURIComponent(DB_NAME)}`
    : undefined;
  const former = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: formerRedisUrl(withoutEmpty(source)),
    ROBIN_CONFIG_DIR: source.ROBIN_CONFIG_PATH,
    ...formerRobinUrls(source),
  };
  const given = Object.entries({ ...former, ...withoutEmpty(source) }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

/** Compose files pass unset variables on as empty ones. */
function withoutEmpty(source: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ""));
}

/** Every problem of the environment by name, never by value. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

/** @throws EnvironmentError with one line for each missing or bad variable. */
export function readEnv(source: NodeJS.ProcessEnv = process.env): Env {
  const result = Env.safeParse(withFormerNames(source));
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, code, message }) => {
    const name = String(path[0]);
    const missing = code === "invalid_type" && withFormerNames(source)[name] === undefined;
    return `  ${name}: ${missing ? "is missing" : message}`;
  });
  throw new EnvironmentError(`The gateway cannot start with this environment:\n${lines.join("\n")}`);
}

/** The names that `.env.example` has to explain. */
export const envNames = Object.keys(Env.shape);
