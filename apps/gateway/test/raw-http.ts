import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";

export interface RawAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** Sends these bytes as they are, and reads what comes until the server ends the connection. */
export async function sendRaw(url: string, request: string | Buffer): Promise<RawAnswer> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  socket.write(request);
  const [head = "", ...rest] = (await text(socket)).split("\r\n\r\n");
  const [statusLine = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line) => [line.split(":", 1)[0]?.toLowerCase() ?? "", line.replace(/^[^:]*: */, "")]);
  return {
    status: Number(statusLine.split(" ")[1]),
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: rest.join("\r\n\r\n"),
  };
}

/** The head of a request that ends its connection, so that the answer's end can be seen. */
export function rawHead(requestLine: string, headers: Record<string, string> = {}): string {
  const all = { host: "gateway.test", connection: "close", ...headers };
  return `${requestLine} HTTP/1.1\r\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n`;
}
