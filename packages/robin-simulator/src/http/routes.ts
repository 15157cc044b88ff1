import { configSyncStatus, reloadConfig, viewConfig } from "../config/config-routes.ts";
import type { Answer } from "./answer.ts";
import { json } from "./answer.ts";
import { enqueue } from "../enqueue/enqueue.ts";
import type { SimulatorPort } from "./faults.ts";
import { clientLanding, favicon, serviceLanding } from "./landing-pages.ts";
import { listQueue } from "../queue/queue-list.ts";
import { bounceItems, deleteItems, retryItems } from "../queue/queue-mutations.ts";
import type { RouteContext } from "./route-context.ts";
import { serviceHealth } from "./service-health.ts";
import { handleMailboxes } from "../rocksdb/mailbox-routes.ts";
import { handleStore } from "../store/store-routes.ts";
import { sendMail } from "../send/send-routes.ts";
import { searchLogs } from "../logs/logs-routes.ts";
import { graphite, metricsPage, prometheus } from "../metrics/metrics-routes.ts";
import { heapDump, systemEnvironment, systemProperties, systemThreads } from "../system/system-routes.ts";
import { handleUsers } from "../users/users-routes.ts";

export interface Route {
  /** The path of Robin's context; it takes every request whose path begins with it, if no longer context does. */
  readonly path: string;
  /** `none` never asks for credentials; a method is checked before them, so a wrong one is 405 even without. */
  readonly guard: "none" | "auth" | { readonly method: "GET" | "POST" };
  readonly handle: (context: RouteContext) => Answer | Promise<Answer>;
}

export const routes: Readonly<Record<SimulatorPort, readonly Route[]>> = {
  client: [
    { path: "/", guard: "auth", handle: clientLanding },
    { path: "/favicon.ico", guard: "none", handle: favicon },
    { path: "/health", guard: "none", handle: () => json(200, '{"status":"UP"}') },
    { path: "/client/send", guard: { method: "POST" }, handle: sendMail },
    { path: "/client/queue", guard: { method: "POST" }, handle: enqueue },
    { path: "/client/queue/list", guard: "auth", handle: listQueue },
    { path: "/client/queue/delete", guard: { method: "POST" }, handle: deleteItems },
    { path: "/client/queue/retry", guard: { method: "POST" }, handle: retryItems },
    { path: "/client/queue/bounce", guard: { method: "POST" }, handle: bounceItems },
    { path: "/logs", guard: { method: "GET" }, handle: searchLogs },
    { path: "/users", guard: "auth", handle: handleUsers },
    { path: "/store", guard: "auth", handle: handleStore },
    { path: "/store-rocksdb", guard: "auth", handle: handleMailboxes },
  ],
  service: [
    { path: "/", guard: "auth", handle: serviceLanding },
    { path: "/favicon.ico", guard: "none", handle: favicon },
    { path: "/health", guard: "none", handle: serviceHealth },
    { path: "/config", guard: { method: "GET" }, handle: viewConfig },
    { path: "/config/reload", guard: { method: "POST" }, handle: reloadConfig },
    { path: "/config/sync/status", guard: { method: "GET" }, handle: configSyncStatus },
    { path: "/system/env", guard: "auth", handle: systemEnvironment },
    { path: "/system/props", guard: "auth", handle: systemProperties },
    { path: "/system/threads", guard: "auth", handle: systemThreads },
    { path: "/system/heapdump", guard: "auth", handle: heapDump },
    { path: "/metrics", guard: "auth", handle: metricsPage },
    { path: "/metrics/graphite", guard: "auth", handle: graphite },
    { path: "/metrics/prometheus", guard: "auth", handle: prometheus },
  ],
};

const realms: Readonly<Record<SimulatorPort, string>> = { client: "API", service: "Service Endpoint" };
export const realmOf = (port: SimulatorPort): string => realms[port];

/** The longest context that the path begins with, without regard to segments; undefined for a path that does not begin with a slash. */
export function findRoute(port: SimulatorPort, path: string): Route | undefined {
  return routes[port]
    .filter((route) => path.startsWith(route.path))
    .reduce<Route | undefined>(
      (best, route) => (best !== undefined && best.path.length >= route.path.length ? best : route),
      undefined,
    );
}
