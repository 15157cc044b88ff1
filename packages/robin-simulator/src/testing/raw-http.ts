import { connect } from "node:net";
import { text } from "node:stream/consumers";

export interface RawAnswer {
  readonly status: number;
  /** As sent: names keep their spelling and order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export interface RawRequest {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request on a connection of its own, without a client library that would tidy it up. Undefined when the socket closed without an answer. */
export async function sendRaw(url: string, request: RawRequest): Promise<RawAnswer | undefined> {
  const { method = "GET", target, headers = {}, body } = request;
  const fields = Object.entries({
    Host: "robin",
    Connection: "close",
    ...(body !== undefined && { "Content-Length": String(Buffer.byteLength(body)) }),
    ...headers,
  });
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const answer = await exchange(url, `${method} ${target} HTTP/1.1\r\n${head}\r\n${body ?? ""}`);
  return parseAnswer(answer);
}

/** Writes the text to a new connection and gives all that comes back until it closes; a reset ends it too. */
export async function exchange(url: string, request: string): Promise<string> {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" });
  socket.write(request);
  try {
    return await text(socket);
  } catch {
    return "";
  }
}

function parseAnswer(answer: string): RawAnswer | undefined {
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [statusLine = "", ...lines] = answer.slice(0, end).split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  return { status: Number(statusLine.split(" ")[1]), headers, body: answer.slice(end + 4) };
}

/** Names and values without the date, which is a different one each time. */
export const withoutDate = (answer: RawAnswer | undefined): readonly (readonly [string, string])[] =>
  (answer?.headers ?? []).filter(([name]) => name !== "Date");
