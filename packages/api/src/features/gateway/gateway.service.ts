import { performance } from "node:perf_hooks";
import { cacheRules } from "../../cache/rules.ts";
import type { Context } from "../../context.ts";
import { withAudit } from "../audit/audit.service.ts";
import type { BreakersOutput, CacheOutput, ClearCacheOutput, StatusOutput } from "./gateway.schemas.ts";

/** How this process is. */
export function gatewayStatus(ctx: Context): StatusOutput {
  const now = ctx.deps.clock.now();
  const uptimeSeconds = Math.floor(process.uptime());
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const { enabled, entries, bytes, bytesMax } = ctx.deps.cache.status();
  return {
    pid: process.pid,
    startedAt: new Date(now.getTime() - uptimeSeconds * 1000),
    uptimeSeconds,
    node: process.version,
    memory: { rssBytes: rss, heapUsedBytes: heapUsed, heapTotalBytes: heapTotal, externalBytes: external },
    eventLoopUsePercent: Math.round(performance.eventLoopUtilization().utilization * 1000) / 10,
    ...gatewayBreakers(ctx),
    cache: { enabled, entries, bytes, bytesMax },
  };
}

export function gatewayBreakers({ deps: { robin } }: Context): BreakersOutput {
  const states = robin.breakers();
  const load = robin.load();
  const services = ["client", "service"] as const;
  return { ports: services.map((service) => ({ service, state: states[service], ...load[service] })) };
}

export function gatewayCache({ deps: { cache } }: Context): CacheOutput {
  const { operations, ...status } = cache.status();
  return {
    ...status,
    operations: Object.entries(cacheRules).flatMap(([procedure, { ttlMs }]) => {
      const use = operations[procedure];
      return use ? [{ procedure, ttlMs, ...use }] : [];
    }),
  };
}

/** In every process. */
export function clearCache(ctx: Context): Promise<ClearCacheOutput> {
  return withAudit(ctx, { action: "gateway.clearCache", targets: [] }, async () => ({
    dropped: await ctx.deps.cache.clear(),
  }));
}
