import { AppError, errorBody } from "@robin/api";
import { randomUUID } from "node:crypto";
import { createServer, type RequestListener, type Server, ServerResponse, STATUS_CODES } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { acceptUpgrades } from "./live/upgrades.ts";

export interface ServerLimits {
  /** Open at once; further ones are told to come back later. */
  maxConnections: number;
  /** What an answer may take; a connection on which nothing moves is kept longer than that. */
  requestTimeoutMs: number;
  /** True once no more requests are wanted: answers then end their connections. */
  draining: () => boolean;
}

/** Slow enough for a bad line, too quick for who sends a byte now and then to hold a connection. */
const headersTimeoutMs = 15_000;
/** A message with its attachments over a slow line. */
const arrivalTimeoutMs = 60_000;
const timeoutCheckMs = 5000;
/** Proxies keep idle connections for a minute: so it is they who close, never we on a request that is on its way. */
const keepAliveTimeoutMs = 75_000;
const headerBytesMax = 16 * 1024;
/** Of a client that does not read, or that is gone without a word. */
const silenceMsMin = 2 * 60_000;
/** How long those hear why who are too many, and how many of them at once; the others are just cut. */
const refusalMs = 1000;
const refusedAtOnceMax = 500;

/** A server with bounds for whoever connects; `handler` gets what remains. */
export function createHttpServer(handler: RequestListener, limits: ServerLimits): Server {
  const { maxConnections, requestTimeoutMs, draining } = limits;
  class Response extends ServerResponse {
    /** Every answer passes here, also those that were on their way when the end was asked for. */
    override writeHead(...head: unknown[]): this {
      if (draining()) this.shouldKeepAlive = false;
      return super.writeHead(...(head as [number]));
    }
  }
  const options = {
    ServerResponse: Response as typeof ServerResponse,
    headersTimeout: headersTimeoutMs,
    requestTimeout: arrivalTimeoutMs,
    connectionsCheckingInterval: timeoutCheckMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: headerBytesMax,
  };
  const server = createServer(options, handler);
  server.setTimeout(Math.max(silenceMsMin, 2 * requestTimeoutMs));
  return refuseTooMany(answerBrokenRequests(acceptUpgrades(server, handler)), maxConnections);
}

/** Node alone would close them without a word. */
function refuseTooMany(server: Server, connectionsMax: number): Server {
  const [accept] = server.listeners("connection") as [(this: Server, socket: Socket) => void];
  // Without the second, several full processes would hand a connection to each other without end.
  Object.assign(server, { maxConnections: connectionsMax + refusedAtOnceMax, dropMaxConnection: true });
  let open = 0;
  return server.removeAllListeners("connection").on("connection", (socket) => {
    if (open >= connectionsMax) {
      refuse(socket);
      return;
    }
    open += 1;
    socket.once("close", () => (open -= 1));
    accept.call(server, socket);
  });
}

const tooManyConnections = new AppError("unavailable", "The gateway has too many connections. Try again in a moment.");

function refuse(socket: Socket): void {
  socket.on("error", () => undefined).resume();
  sendRaw(socket, 503, errorBody(tooManyConnections, randomUUID()), "retry-after: 1");
  const cut = setTimeout(() => socket.destroy(), refusalMs);
  socket.once("close", () => {
    clearTimeout(cut);
  });
}

/** What Node's HTTP parser refuses never reaches Express; it gets an error of the usual shape all the same. */
export function answerBrokenRequests(server: Server): Server {
  return server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    const tooLarge = error.code === "HPE_HEADER_OVERFLOW";
    const timedOut = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
    const status = tooLarge ? 431 : timedOut ? 408 : 400;
    const message = tooLarge
      ? "The head of the request is too large."
      : timedOut
        ? "The request took too long to arrive."
        : "This is not an HTTP request.";
    const body = errorBody(new AppError("invalid_input", message), randomUUID());
    sendRaw(socket, status, { ...body, error: STATUS_CODES[status] ?? body.error });
  });
}

/** An answer without a request, after which the connection ends. */
function sendRaw(socket: Duplex, status: number, body: ReturnType<typeof errorBody>, ...headers: string[]): void {
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
      "content-type: application/json; charset=utf-8",
      `content-length: ${Buffer.byteLength(text)}`,
      `x-request-id: ${body.requestId}`,
      ...headers,
      "connection: close",
      "",
      text,
    ].join("\r\n"),
  );
}

/** A client in the middle of its work sends its next request sooner, and is then told to connect anew. */
const idleGraceMs = 250;
/** How often connections that have become idle are looked for after that. */
const idleCheckMs = 50;

/** Stops accepting, lets running requests end, and cuts what is left after `graceMs`. */
export async function closeGracefully(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => {
    // The one of HTTP servers would cut idle connections at once, also those with a request on its way.
    NetServer.prototype.close.call(server, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  let closeIdle: NodeJS.Timeout | undefined;
  const begin = setTimeout(
    () => {
      // A kept-alive connection becomes idle only when its request has ended, which is after this began.
      closeIdle = setInterval(() => {
        server.closeIdleConnections();
      }, idleCheckMs);
    },
    Math.min(idleGraceMs, graceMs),
  );
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, graceMs);
  await closed.finally(() => {
    clearTimeout(begin);
    clearInterval(closeIdle);
    clearTimeout(cut);
  });
}
