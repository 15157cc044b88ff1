import { AppError, type Deps, type LiveMessage, type Permission, type Principal } from "@robin/api";
import { type Request, type Response, Router } from "express";
import type { Socket } from "node:net";
import { Gauge } from "prom-client";
import { WebSocket, WebSocketServer } from "ws";
import { sendError } from "../error-response.ts";
import { credentialOf } from "../principal.ts";
import type { AppResponse } from "../request-context.ts";
import { isAllowedOrigin, type OriginRules } from "./origin.ts";
import { createPings, type Pings } from "./pings.ts";
import { Pump } from "./pump.ts";
import { type Upgrade, upgradeOf } from "./upgrades.ts";

/** Clients have nothing to say. */
const incomingBytesMax = 1024;
/** For the answer to our goodbye. */
const goodbyeMs = 1000;
/** A client that sends pings and does not read the answers gets none. */
const unreadBytesMax = 64 * 1024;

const permission: Permission = "VIEW_QUEUE";

/** The codes of 4000 and above are ours to give: as in HTTP, for the client's program. */
const closeCodes: Partial<Record<AppError["code"], number>> = { unauthenticated: 4401, forbidden: 4403 };
const goingAway = 1001;

export interface QueueSockets {
  router: Router;
  /** How many are open now. */
  size: () => number;
}

/** `/ws/queue`: the queue as it changes. The query's `seq` is of the last message that the client has seen. */
export function createQueueSockets(deps: Deps, origins: OriginRules): QueueSockets {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: incomingBytesMax,
    // Would take some 300 kB for each client; its messages are few.
    perMessageDeflate: false,
    autoPong: false,
    // Never the one that is the token.
    handleProtocols: (offered) => (offered.has("bearer") ? "bearer" : false),
  });
  const pings = createPings();
  let open = 0;

  function connect(req: Request, res: AppResponse, upgrade: Upgrade): void {
    const principal = callerOf(req, res, origins);
    const client = admit(deps, principal, String(credentialOf(req)));
    const { socket, head } = upgrade;
    const { seq } = req.query;
    upgrade.detach();
    socket.once("close", client.leave);
    server.handleUpgrade(req, socket, head, (webSocket) => {
      open += 1;
      socket.once("close", gone);
      client.opened(webSocket);
      serveQueue(webSocket, socket, { deps, pings, after: typeof seq === "string" ? seq : undefined });
    });
  }
  const gone = (): void => {
    open -= 1;
  };

  const router = Router({ caseSensitive: false });
  router.get("/ws/queue", (req: Request, res: Response) => {
    const upgrade = upgradeOf(req);
    try {
      if (!upgrade)
        throw new AppError("invalid_input", "This is for WebSockets; server-sent events are at /api/v1/queue/events.");
      connect(req, res as AppResponse, upgrade);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      sendError(res, error);
    }
  });
  return { router, size: () => open };
}

/** A function of its own, for what lasts as long as the socket must not hold the request. */
function admit({ live }: Deps, principal: Principal, credential: string) {
  let open: WebSocket | undefined;
  const leave = live.clients.admit({
    principal,
    permission,
    credential,
    end: ({ code, publicMessage }) => {
      if (open) sayGoodbye(open, closeCodes[code] ?? goingAway, publicMessage);
    },
  });
  const opened = (webSocket: WebSocket): void => {
    open = webSocket;
  };
  return { leave, opened };
}

/** @throws AppError `unauthenticated` or `forbidden`. */
function callerOf(req: Request, res: AppResponse, origins: OriginRules): Principal {
  if (!isAllowedOrigin(req, origins)) {
    throw new AppError("forbidden", "Pages of this origin may not connect; CORS_ORIGINS names those that may.");
  }
  const { principal, error } = res.locals.authentication ?? {};
  if (!principal) throw error ?? new AppError("unauthenticated", "Sign in to use this.");
  if (!principal.permissions.includes(permission)) {
    throw new AppError("forbidden", `This needs the permission ${permission}.`);
  }
  return principal;
}

function serveQueue(
  webSocket: WebSocket,
  socket: Socket,
  { deps, pings, after }: { deps: Deps; pings: Pings; after: string | undefined },
): void {
  const sink = {
    waitingBytes: () => socket.writableLength,
    // By ws itself each client would have a frame of its own, of two parts.
    send: ({ frame }: LiveMessage) => {
      if (webSocket.readyState === WebSocket.OPEN) socket.write(frame);
    },
  };
  const pump = new Pump(deps.live.queue, sink, after);
  const run = (): void => {
    pump.run();
  };
  const unwatch = deps.live.queue.watch(run);
  const unping = pings.add(webSocket);
  socket.on("drain", run);
  webSocket
    .on("ping", (data) => {
      if (socket.writableLength < unreadBytesMax) webSocket.pong(data);
    })
    .on("message", () => {
      sayGoodbye(webSocket, 1008, "No messages are expected here.");
    })
    // What breaks the rules of the protocol; ws closes the connection itself.
    .on("error", () => undefined)
    .once("close", () => {
      pump.stop();
      unwatch();
      unping();
    });
  run();
}

function sayGoodbye(webSocket: WebSocket, code: number, reason: string): void {
  if (webSocket.readyState !== WebSocket.OPEN) return;
  webSocket.close(code, reason);
  const cut = setTimeout(() => {
    webSocket.terminate();
  }, goodbyeMs);
  webSocket.once("close", () => {
    clearTimeout(cut);
  });
}

/** For Prometheus. */
export function countSockets({ size }: QueueSockets): Gauge {
  return new Gauge({
    name: "gateway_websocket_clients",
    help: "WebSockets that are open.",
    registers: [],
    collect() {
      this.set(size());
    },
  });
}
