import { buffer } from "node:stream/consumers";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createStandIn, type StandIn } from "../../../src/testing/stand-in.ts";
import { decodePath, type RecordedExchange } from "./recordings.ts";
import { isSameRequest, jsonOf, type AskedRequest } from "./sameness.ts";

export interface ReplayServer extends StandIn {
  /** From now on this exchange is answered; gives a function that tells whether it was asked for. */
  play(exchange: RecordedExchange): () => boolean;
}

const framing = new Set(["content-length", "transfer-encoding", "connection"]);

/**
 * A Robin that knows one exchange at a time. What the SDK looks up before it, such as whether a folder is there, is
 * answered with yes; everything else with a 599, which is no answer of Robin's.
 */
export async function createReplayServer(): Promise<ReplayServer> {
  let current: RecordedExchange | undefined;
  let wasAsked = false;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await readRequest(request);
    if (!current) return void response.writeHead(599).end();
    if (isSameRequest(current, asked)) {
      wasAsked = true;
      reply(current, response);
      return;
    }
    const found = asked.method === "GET" ? lookedUp(current, asked) : undefined;
    if (found === undefined) return void response.writeHead(599).end();
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found));
  }

  const server = await createStandIn((request, response) => void answer(request, response));
  return {
    ...server,
    play(exchange) {
      current = exchange;
      wasAsked = false;
      return () => wasAsked;
    },
  };
}

function reply({ answer }: RecordedExchange, response: ServerResponse): void {
  if (answer === undefined) return void response.socket?.destroy();
  const headers = Object.entries(answer.headers).filter(([name]) => !framing.has(name.toLowerCase()));
  response.writeHead(answer.status, Object.fromEntries(headers)).end(answer.body);
}

async function readRequest(request: IncomingMessage): Promise<AskedRequest> {
  const [rawPath = "", query = ""] = (request.url ?? "").split("?", 2);
  return {
    method: request.method ?? "",
    path: decodePath(rawPath),
    query: new URLSearchParams(query),
    headers: new Map(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    body: await buffer(request),
  };
}

/** Every folder and mail that the recorded request names is there. */
function lookedUp(current: RecordedExchange, { path = "" }: AskedRequest): object | undefined {
  const { fromFolder, toFolder, folder, parent, destinationParent, messageIds } = jsonOf(current.body);
  const inPath = /\/folders\/(.+?)(?:\/(?:copy|move|properties))?$/.exec(current.path ?? "")?.[1];
  const folders = [fromFolder, toFolder, folder, parent, destinationParent, inPath].filter(isText);
  if (path.startsWith("/store-rocksdb/")) {
    const [, , domain = "", user = ""] = path.split("/");
    const toFolderView = (name: string) => ({ path: name, system: false, total: 0, unread: 0 });
    const system = ["Inbox", "Sent"].map((name) => ({ ...toFolderView(name), system: true }));
    return { r: 1, domain, user, folders: [...system, ...folders.map(toFolderView)], messages: [] };
  }
  if (!path.startsWith("/store/")) return undefined;
  const ids = Array.isArray(messageIds) ? messageIds.filter(isText) : [];
  const items = ids.map((name) => ({ type: "file", name, path: `${path}/${name}`, size: 1 }));
  return { path: path.slice("/store".length), items };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
