import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { DroppedConnection, httpLayerError, text } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { challenge, isAuthenticated } from "./auth.ts";
import type { SimulatorAuth } from "./auth.ts";
import type { FaultSource, SimulatorPort } from "./faults.ts";
import { applyFault } from "./fault-effects.ts";
import { parseRequestTarget } from "./request-target.ts";
import type { RequestTarget } from "./request-target.ts";
import type { RouteContext } from "./route-context.ts";
import { findRoute, realmOf } from "./routes.ts";
import type { Route } from "./routes.ts";
import { createAnswerWriter } from "./answer-writer.ts";

export interface RecordedRequest {
  readonly port: SimulatorPort;
  readonly method: string;
  /** As sent, not decoded. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** What has arrived so far; Robin answers some requests before it has read them. */
  readonly body: Buffer;
  /** One number per TCP connection, counted over both ports. */
  readonly connectionId: number;
}

/** The parts of a handler's context that are the same for every request of a port. */
export type PortState = Omit<
  RouteContext,
  "method" | "path" | "query" | "contentType" | "accept" | "authenticated" | "readBytes" | "readText"
>;

export interface PortOptions {
  readonly port: SimulatorPort;
  readonly auth: SimulatorAuth;
  readonly faults: FaultSource;
  readonly state: PortState;
  readonly nagleDelayMs: number;
  serviceTimeMs(path: string): number;
  readonly holdsThread: boolean;
  nextConnectionId(): number;
  record(request: RecordedRequest): void;
}

export interface PortServer {
  /** Rejects with node's own error if the port is taken. */
  listen(port: number, host: string): Promise<string>;
  close(): Promise<void>;
}

/** Robin lets a silent connection go after 30 to 40 seconds. */
const idleTimeoutMs = 35_000;
/** Java's HTTP server asks for this accept backlog. */
const acceptBacklog = 10;

const neverWoken = new Int32Array(new SharedArrayBuffer(4));

/** Stops the whole thread, as one exchange of Robin stops its dispatcher: nothing is accepted meanwhile. */
function holdThread(ms: number): void {
  Atomics.wait(neverWoken, 0, 0, ms);
}

export function createPortServer(options: PortOptions): PortServer {
  const closing = new AbortController();
  const sockets = new Map<Socket, number>();
  const writer = createAnswerWriter({
    nagleDelayMs: options.nagleDelayMs,
    closing: closing.signal,
    clock: options.state.clock,
  });
  /** Robin has one thread per port: each exchange waits here for the one before it. */
  let line: Promise<void> = Promise.resolve();

  const server: Server = createServer(
    { keepAliveTimeout: idleTimeoutMs, requestTimeout: 0, headersTimeout: 0, requireHostHeader: false },
    (request, response) => {
      const exchange = receive(request, options, sockets.get(request.socket) ?? 0);
      line = line
        .then(() => serve(exchange, response))
        .catch((error: unknown) => {
          request.socket.destroy();
          // What is left is a mistake of the simulator, which must not look like a fault that a test asked for.
          const isExpected = error instanceof ClientGoneError || error instanceof DroppedConnection;
          if (!closing.signal.aborted && !isExpected) process.emitWarning(error as Error);
        });
    },
  );
  server.on("connection", (socket) => {
    sockets.set(socket, options.nextConnectionId());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("clientError", (_error, socket) => {
    if (!socket.writable) return;
    const { status, headers, body } = httpLayerError(400, "Bad Request", "Bad request line");
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} Bad Request\r\n${head.join("")}\r\n${body.toString()}`);
  });

  async function serve(exchange: Exchange, response: ServerResponse): Promise<void> {
    const { request, target } = exchange;
    const serviceTimeMs = options.serviceTimeMs(target?.path ?? "");
    if (serviceTimeMs > 0 && options.holdsThread) holdThread(serviceTimeMs);
    else if (serviceTimeMs > 0) await wait(serviceTimeMs, undefined, { signal: closing.signal });
    if (target === undefined) {
      writer.send(request, response, httpLayerError(400, "Bad Request", "URISyntaxException thrown"));
      return;
    }
    const route = findRoute(options.port, target.path);
    const context = route?.path ?? target.path;
    const fault = options.faults.take({ port: options.port, context, path: target.path, method: request.method ?? "" });
    const instead = fault === undefined ? "serve" : await applyFault(fault, request.socket, closing.signal);
    if (instead === "nothing") return;
    const answer = instead === "serve" ? await answerFor(exchange, target, route) : instead;
    writer.send(request, response, answer);
  }

  function answerFor(exchange: Exchange, target: RequestTarget, route: Route | undefined): Answer | Promise<Answer> {
    if (route === undefined) return httpLayerError(404, "Not Found", "No context found for request");
    const { guard } = route;
    const { method, headers } = exchange.request;
    if (typeof guard === "object" && method !== guard.method) return text(405, "Method Not Allowed");
    const authenticated = isAuthenticated(options.auth, headers);
    if (guard !== "none" && !authenticated) {
      const unauthorized = text(401, "Unauthorized");
      return {
        ...unauthorized,
        headers: { "Www-authenticate": challenge(options.auth, realmOf(options.port)), ...unauthorized.headers },
      };
    }
    return route.handle({
      ...options.state,
      method: method ?? "",
      path: target.path,
      query: target.query,
      contentType: headers["content-type"],
      accept: exchange.request.headersDistinct.accept?.[0] ?? "",
      authenticated,
      readBytes: () => exchange.body,
      readText: async () => toLines((await exchange.body).toString("utf8")),
    });
  }

  return {
    listen: async (port, host) => {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ port, host, backlog: acceptBacklog }, () => {
          server.off("error", reject);
          resolve();
        });
      });
      const address = server.address() as AddressInfo;
      return `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
    },
    close: async () => {
      closing.abort();
      const closed = server.listening
        ? new Promise<void>((resolve) =>
            server.close(() => {
              resolve();
            }),
          )
        : Promise.resolve();
      for (const socket of sockets.keys()) socket.destroy();
      await closed;
    },
  };
}

class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly target: RequestTarget | undefined;
  readonly body: Promise<Buffer>;
}

/** Records a request and takes in its body while it waits for its turn. */
function receive(request: IncomingMessage, options: PortOptions, connectionId: number): Exchange {
  const chunks: Buffer[] = [];
  const method = request.method ?? "";
  const rawTarget = request.url ?? "";
  options.record({
    port: options.port,
    method,
    target: rawTarget,
    headers: request.headers,
    connectionId,
    get body() {
      return Buffer.concat(chunks);
    },
  });
  const body = new Promise<Buffer>((resolve, reject) => {
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      resolve(Buffer.concat(chunks));
    });
    request.on("close", () => {
      reject(new ClientGoneError("the client went away before its request was complete"));
    });
  });
  // Most handlers never look at the body; its failure must not end the process then.
  body.catch(() => undefined);
  return { request, target: parseRequestTarget(rawTarget), body };
}

/** Java reads text line by line, so a missing last newline appears and the other line ends vanish. */
function toLines(body: string): string {
  const lines = body.replace(/\r\n?/g, "\n");
  return lines === "" || lines.endsWith("\n") ? lines : `${lines}\n`;
}
