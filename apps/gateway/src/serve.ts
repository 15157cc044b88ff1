import { ensureAdmin } from "@robin/api";
import { migrate } from "@robin/db";
import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { announce } from "./announce.ts";
import { createApp } from "./app.ts";
import type { Env } from "./env.ts";
import { shareMetrics } from "./own-metrics.ts";
import { createParts } from "./parts.ts";
import { type Order, prepareFlag } from "./process-messages.ts";
import { closeGracefully, createHttpServer } from "./server.ts";

/** A gateway that stops makes nobody wait; one that was replaced costs nothing while it waits. */
const idleMs = { stop: 250, retire: 2000 };

/** Runs the gateway in this process, alone or as one of several. Resolves when it listens. */
export async function serve(env: Env): Promise<void> {
  const isAlone = !cluster.isWorker;
  process.on("message", giveUpWhenAsked);
  const prepares = isAlone || process.argv.includes(prepareFlag);
  if (prepares) await migrate(env.DATABASE_URL);
  const parts = await createParts(env);
  const { deps, logger, config, limiter, tracing } = parts;
  const shared = isAlone ? undefined : shareMetrics(parts.meters.registry);
  const meters = { ...parts.meters, ...(shared && { expose: () => shared.expose() }) };
  const admin = prepares
    ? await ensureAdmin(deps, { username: env.ADMIN_USERNAME, password: env.ADMIN_PASSWORD })
    : undefined;

  let leaving: "stop" | "retire" | undefined;
  // One that others have replaced is no reason to send requests elsewhere.
  const stopping = (): boolean => leaving === "stop";
  const app = createApp({ deps, logger, limiter, tracing, openApiDocument, meters, draining: stopping, config });
  const server = createHttpServer(app, {
    maxConnections: env.MAX_CONNECTIONS,
    requestTimeoutMs: config.requestTimeoutMs,
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(env.PORT, env.HOST, resolve);
  });

  const leave = (how: "stop" | "retire", reason: string): void => {
    if (leaving) return;
    leaving = how;
    logger.info({ reason }, "gateway is stopping");
    deps.live.close();
    void closeGracefully(server, { graceMs: env.SHUTDOWN_SECONDS * 1000, idleMs: idleMs[how] })
      .then(() => Promise.all([parts.close(), shared?.sayLast()]))
      .catch((err: unknown) => {
        logger.error({ err }, "gateway did not stop cleanly");
        process.exitCode = 1;
      })
      .finally(() => {
        // Everything is closed; only the schema engine's ten-second timer may be left of a recent migration.
        process.exit();
      });
  };
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.once(signal, () => {
      leave("stop", signal);
    });
  }
  process.off("message", giveUpWhenAsked);
  if (isAlone) {
    process.removeAllListeners("disconnect").once("disconnect", () => {
      leave("stop", "parent is gone");
    });
  } else {
    process.on("message", (order: Order) => {
      if (order.type === "stop" || order.type === "retire") leave(order.type, order.type);
    });
  }
  const { port } = server.address() as AddressInfo;
  const url = `http://localhost:${port}`;
  logger.info({ url }, "gateway is listening");
  announce({ ready: true, url, ...(admin && { admin }) });
}

function openApiDocument(): object {
  return JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8")) as object;
}

/** Before it serves there is nothing to end in order. */
function giveUpWhenAsked(order: Order): void {
  if (order.type === "stop") process.exit(0);
}
