import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { SimulatorClock } from "../clock.ts";
import type { Answer } from "./answer.ts";

/** An answer of more bytes than this, head included, leaves Java in two writes; Nagle and delayed ACK then meet on a reused connection. */
const singleWriteBytes = 8192;

const bodyless = [204, 304];

export interface AnswerWriter {
  send(request: IncomingMessage, response: ServerResponse, answer: Answer): void;
}

/** Sends answers with the headers of Java's server: its spelling of names, its order, and none that node would add. */
export function createAnswerWriter(options: {
  nagleDelayMs: number;
  closing: AbortSignal;
  clock: SimulatorClock;
}): AnswerWriter {
  const answered = new WeakSet<Socket>();

  function write(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    response.sendDate = false;
    response.removeHeader("Connection");
    response.statusCode = answer.status;
    const { "Www-authenticate": challenge, ...others } = answer.headers;
    if (challenge !== undefined) response.setHeader("Www-authenticate", challenge);
    if (others.Connection === undefined) response.setHeader("Date", options.clock.now().toUTCString());
    for (const [name, value] of Object.entries(others)) response.setHeader(name, value);
    // HEAD goes out without any length; a body of length 0 means "unknown length" to Java.
    const mayHaveBody = request.method !== "HEAD" && !bodyless.includes(answer.status);
    if (mayHaveBody && others["Content-Length"] === undefined) {
      if (answer.body.length === 0) response.setHeader("Transfer-encoding", "chunked");
      else response.setHeader("Content-length", answer.body.length);
    }
    response.end(mayHaveBody ? answer.body : undefined);
  }

  return {
    send: (request, response, answer) => {
      const isReused = answered.has(request.socket) && response.shouldKeepAlive;
      answered.add(request.socket);
      if (options.nagleDelayMs === 0 || !isReused || answer.body.length + headBytes(answer) <= singleWriteBytes) {
        write(request, response, answer);
        return;
      }
      // The network waits here, not Robin's thread: the next exchange may begin. The end of the simulator ends the waiting.
      wait(options.nagleDelayMs, undefined, { signal: options.closing }).then(
        () => {
          write(request, response, answer);
        },
        () => undefined,
      );
    },
  };
}

function headBytes(answer: Answer): number {
  const own = Object.entries(answer.headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  return own + "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\nContent-length: 10000\r\n\r\n".length;
}
