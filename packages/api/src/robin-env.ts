import { z } from "zod";

const httpUrl = z
  .url({ protocol: /^https?$/, error: "must be an http or https URL" })
  .transform((url) => url.replace(/\/+$/, ""));

/** `basic user:password` or `bearer token`; empty for none. */
const robinAuth = z
  .string()
  .trim()
  .transform((text, ctx) => {
    if (text === "") return undefined;
    const [, scheme, value] = /^(basic|bearer)\s+(\S.*)$/i.exec(text) ?? [];
    if (scheme?.toLowerCase() === "bearer" && value) return { type: "bearer" as const, token: value };
    const colon = value?.indexOf(":") ?? -1;
    if (value && colon > 0) {
      return { type: "basic" as const, username: value.slice(0, colon), password: value.slice(colon + 1) };
    }
    ctx.addIssue({ code: "custom", message: "must be `basic user:password` or `bearer token`" });
    return z.NEVER;
  });

/** The variables by which each program finds its Robin. */
export const robinEnv = {
  ROBIN_CLIENT_API_URL: httpUrl,
  ROBIN_SERVICE_API_URL: httpUrl,
  ROBIN_CLIENT_API_AUTH: robinAuth.optional(),
  ROBIN_SERVICE_API_AUTH: robinAuth.optional(),
};

/** Whether alerts may be sent to private addresses, and over http; both programs have to agree. */
export const webhookEnv = {
  WEBHOOK_ALLOW_PRIVATE: z
    .enum(["true", "false"], "must be true or false")
    .default("false")
    .transform((word) => word === "true"),
};

/** The names that the former gateway's compose file gives to the URLs. */
export function formerRobinUrls(source: Record<string, string | undefined>): Record<string, string | undefined> {
  return { ROBIN_CLIENT_API_URL: source.ROBIN_CLIENT_URL, ROBIN_SERVICE_API_URL: source.ROBIN_SERVICE_URL };
}

/** Where the programs meet when there are several. */
export const redisEnv = {
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: "must be a redis:// or rediss:// URL" }).optional(),
};

/** From the names that the former gateway's compose file gives. */
export function formerRedisUrl(source: Record<string, string | undefined>): string | undefined {
  const { REDIS_HOST, REDIS_PORT = "6379", REDIS_PASSWORD } = source;
  if (!REDIS_HOST) return undefined;
  return `redis://${REDIS_PASSWORD ? `:${encodeURIComponent(REDIS_PASSWORD)}@` : ""}${REDIS_HOST}:${REDIS_PORT}`;
}
