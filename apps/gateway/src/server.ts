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
  const { maxConnections, requestTimeoutMs } = limits;
  const options = {
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

/** How often connections that have become idle are looked for. */
const idleCheckMs = 50;

interface Patience {
  /** What running requests get to end. */
  graceMs: number;
  /** What clients in the middle of their work get to send their next request, whose answer tells them to connect anew. */
  idleMs: number;
}

let isEnding = false;

/**
 * Once the end has begun every answer of this process ends its connection, also those whose requests are running. Done to
 * Node's own class, for Express takes any other one's place, and from the start, for what packs answers keeps the
 * `writeHead` that it finds when a request begins.
 */
// eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with the answer that it is of
const { writeHead } = ServerResponse.prototype as {
  writeHead(this: ServerResponse, ...head: unknown[]): ServerResponse;
};
ServerResponse.prototype.writeHead = function (
  this: ServerResponse,
  status: number,
  reason?: unknown,
  headers?: unknown,
) {
  if (isEnding) this.shouldKeepAlive = false;
  return writeHead.call(this, status, reason, headers);
};

/** Stops accepting, lets running requests end, and cuts what is left. For a process that ends with its server. */
export async function closeGracefully(server: Server, { graceMs, idleMs }: Patience): Promise<void> {
  isEnding = true;
  const closed = new Promise<void>((resolve, reject) => {
    // The one of HTTP servers would cut idle connections at once, also those with a request on its way.
    NetServer.prototype.close.call(server, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  // After the sockets were read: what has arrived by then is a request to be answered.
  const closeIdle = (): unknown =>
    setImmediate(() => {
      server.closeIdleConnections();
    });
  let checking: NodeJS.Timeout | undefined;
  const begin = setTimeout(() => (checking = setInterval(closeIdle, idleCheckMs)), Math.min(idleMs, graceMs));
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, graceMs);
  await closed.finally(() => {
    clearTimeout(begin);
    clearInterval(checking);
    clearTimeout(cut);
  });
}
