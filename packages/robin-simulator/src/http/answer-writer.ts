import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Answer } from "./answer.ts";

/** An answer of more bytes than this, head included, leaves Java in two writes; Nagle and delayed ACK then meet on a reused connection. */
const singleWriteBytes = 8192;

export interface AnswerWriter {
  send(request: IncomingMessage, response: ServerResponse, answer: Answer): void;
}

/** Sends answers with the headers of Java's server: its spelling of names, its order, and none that node would add. */
export function createAnswerWriter(options: { nagleDelayMs: number; closing: AbortSignal }): AnswerWriter {
  const answered = new WeakSet<Socket>();

  function write(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    response.sendDate = false;
    response.removeHeader("Connection");
    response.statusCode = answer.status;
    const { "Www-authenticate": challenge, ...others } = answer.headers;
    if (challenge !== undefined) response.setHeader("Www-authenticate", challenge);
    if (others.Connection === undefined) response.setHeader("Date", new Date().toUTCString());
    for (const [name, value] of Object.entries(others)) response.setHeader(name, value);
    // HEAD goes out without any length; a body of length 0 means "unknown length" to Java.
    if (request.method !== "HEAD" && others["Content-Length"] === undefined) {
      if (answer.body.length === 0) response.setHeader("Transfer-encoding", "chunked");
      else response.setHeader("Content-length", answer.body.length);
    }
    response.end(request.method === "HEAD" ? undefined : answer.body);
  }

  return {
    send: (request, response, answer) => {
      const isReused = answered.has(request.socket) && response.shouldKeepAlive;
      answered.add(request.socket);
      if (options.nagleDelayMs === 0 || !isReused || answer.body.length + headBytes(answer) <= singleWriteBytes) {
        write(request, response, answer);
        return;
      }
      // The network waits here, not Robin's thread: the next exchange may begin.
      const timer = setTimeout(() => {
        write(request, response, answer);
      }, options.nagleDelayMs);
      options.closing.addEventListener(
        "abort",
        () => {
          clearTimeout(timer);
        },
        { once: true },
      );
    },
  };
}

function headBytes(answer: Answer): number {
  const own = Object.entries(answer.headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  return own + "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\nContent-length: 10000\r\n\r\n".length;
}
