import { AppError, errorBody } from "@robin/api";
import { randomUUID } from "node:crypto";
import { type Server, STATUS_CODES } from "node:http";

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
    const reason = STATUS_CODES[status] ?? "Bad Request";
    const message = tooLarge
      ? "The head of the request is too large."
      : timedOut
        ? "The request took too long to arrive."
        : "This is not an HTTP request.";
    const requestId = randomUUID();
    const body = JSON.stringify({ ...errorBody(new AppError("invalid_input", message), requestId), error: reason });
    socket.end(
      [
        `HTTP/1.1 ${status} ${reason}`,
        "content-type: application/json; charset=utf-8",
        `content-length: ${Buffer.byteLength(body)}`,
        `x-request-id: ${requestId}`,
        "connection: close",
        "",
        body,
      ].join("\r\n"),
    );
  });
}

/** How often connections that have become idle are looked for while the server closes. */
const idleCheckMs = 50;

/** Stops accepting, lets running requests end, and cuts what is left after `graceMs`. */
export async function closeGracefully(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => {
    server.close((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  // A kept-alive connection becomes idle only when its request has ended, which is after this began.
  const closeIdle = setInterval(() => {
    server.closeIdleConnections();
  }, idleCheckMs);
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, graceMs);
  await closed.finally(() => {
    clearInterval(closeIdle);
    clearTimeout(cut);
  });
}
