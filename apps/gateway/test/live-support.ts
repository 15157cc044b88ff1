import superjson, { type SuperJSONResult } from "superjson";
import { WebSocket } from "ws";
import type { TestGateway } from "./harness.ts";

/** What goes by each of the roads, as far as the tests look at it. */
export interface QueueMessage {
  type: "snapshot" | "delta";
  seq: number;
  items?: { uid: string }[];
  added?: { uid: string }[];
  removed?: { uid: string }[];
  totals: { ready: number; claimed: number; dead: number };
  complete?: boolean;
}

/** Somebody who watches the queue. */
export interface Watcher {
  /** The next message that was not asked for yet. */
  next: () => Promise<QueueMessage>;
  /** How it ended, in the road's own words. */
  ended: Promise<unknown>;
  close(): void;
}

/** Hands out what has come, or waits for it. */
function createLine<Item>() {
  const items: Item[] = [];
  let wake = (): void => undefined;
  return {
    put(item: Item): void {
      items.push(item);
      wake();
    },
    async next(): Promise<Item> {
      for (;;) {
        const item = items.shift();
        if (item !== undefined) return item;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

export interface SocketWatcher extends Watcher {
  webSocket: WebSocket;
  ended: Promise<{ code: number; reason: string }>;
}

interface SocketOptions {
  seq?: number;
  headers?: Record<string, string>;
}

/** Rejects with the status and the body of a refusal. */
export async function openSocket(
  { url }: TestGateway,
  token: string | undefined,
  { seq, headers }: SocketOptions = {},
): Promise<SocketWatcher> {
  const query = new URLSearchParams({
    ...(token !== undefined && { token }),
    ...(seq !== undefined && { seq: String(seq) }),
  });
  const webSocket = new WebSocket(`${url.replace("http", "ws")}/ws/queue?${query.toString()}`, {
    ...(headers && { headers }),
  });
  return watchSocket(webSocket);
}

export async function watchSocket(webSocket: WebSocket): Promise<SocketWatcher> {
  const line = createLine<QueueMessage>();
  webSocket.on("message", (data: Buffer) => {
    line.put(JSON.parse(data.toString()) as QueueMessage);
  });
  const ended = new Promise<{ code: number; reason: string }>((resolve) => {
    webSocket.once("close", (code, reason) => {
      resolve({ code, reason: reason.toString() });
    });
  });
  await new Promise<void>((resolve, reject) => {
    webSocket.once("open", resolve).on("error", reject);
    webSocket.once("unexpected-response", (_request, response) => {
      let text = "";
      response.on("data", (part: Buffer) => (text += part.toString()));
      response.on("end", () => {
        reject(refusal(response.statusCode, JSON.parse(text)));
      });
    });
  });
  return {
    webSocket,
    ended,
    next: () => line.next(),
    close: () => {
      webSocket.terminate();
    },
  };
}

function refusal(status: number | undefined, body: unknown): Error {
  return Object.assign(new Error(`refused: ${JSON.stringify(body)}`), { status, body });
}

export interface ServerSentEvent {
  id?: string;
  event?: string;
  data: unknown;
}

export interface EventStream {
  headers: Headers;
  /** The next event with data. */
  next: () => Promise<ServerSentEvent>;
  ended: Promise<void>;
  close: () => void;
}

/** Rejects with the status and the body of a refusal. */
export async function openEvents(
  { url }: TestGateway,
  path: string,
  { token, lastEventId }: { token?: string | undefined; lastEventId?: string } = {},
): Promise<EventStream> {
  const leaving = new AbortController();
  const response = await fetch(url + path, {
    signal: leaving.signal,
    headers: {
      accept: "text/event-stream",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
    },
  });
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    throw refusal(response.status, await response.json());
  }
  const line = createLine<ServerSentEvent>();
  const read = async (): Promise<void> => {
    let text = "";
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const events = (text + part).split("\n\n");
      text = events.pop() ?? "";
      for (const event of events.map(toEvent)) if (event) line.put(event);
    }
  };
  return {
    headers: response.headers,
    next: () => line.next(),
    ended: read().catch(() => undefined),
    close: () => {
      leaving.abort();
    },
  };
}

function toEvent(text: string): ServerSentEvent | undefined {
  const lines = text.split("\n").map((line) => line.split(/: ?(.*)/s, 2) as [string, string]);
  const { id, event, data } = Object.fromEntries(lines) as Partial<Record<string, string>>;
  if (data === undefined) return undefined;
  return { ...(id !== undefined && { id }), ...(event !== undefined && { event }), data: JSON.parse(data) as unknown };
}

/** What a typed client reads of an event of tRPC: errors are events there. */
export function fromTrpc({ data }: ServerSentEvent): unknown {
  return superjson.deserialize(data as SuperJSONResult);
}

export const trpcPath = (procedure: string, input?: object) =>
  input
    ? `/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(superjson.serialize(input)))}`
    : `/trpc/${procedure}`;

/** The three roads to the same messages. `after` is the `seq` of the last message seen. */
export const roads: Record<string, (gateway: TestGateway, token: string, after?: number) => Promise<Watcher>> = {
  WebSocket: (gateway, token, after) => openSocket(gateway, token, after === undefined ? {} : { seq: after }),
  "server-sent events": async (gateway, token, after) => {
    const lastEventId = after === undefined ? {} : { lastEventId: String(after) };
    const stream = await openEvents(gateway, "/api/v1/queue/events", { token, ...lastEventId });
    let end: unknown;
    const next = async (): Promise<QueueMessage> => {
      const { id, event, data } = await stream.next();
      const message = data as QueueMessage;
      if (event === "end") end = data;
      else if (id !== String(message.seq) || event !== message.type) throw new Error(`id ${id}, event ${event}`);
      return message;
    };
    return {
      next,
      ended: stream.ended.then(async () => end ?? (await next())),
      close: () => {
        stream.close();
      },
    };
  },
  tRPC: async (gateway, token, after) => {
    const lastEventId = after === undefined ? {} : { lastEventId: String(after) };
    const stream = await openEvents(gateway, trpcPath("queue.watch"), { token, ...lastEventId });
    const next = async (): Promise<QueueMessage> => {
      for (;;) {
        const event = await stream.next();
        if (event.event === "connected" || event.event === "ping") continue;
        return fromTrpc(event) as QueueMessage;
      }
    };
    return {
      next,
      ended: stream.ended.then(next),
      close: () => {
        stream.close();
      },
    };
  },
};

interface Changes {
  added?: string[];
  removed?: string[];
  /** Characters that each item takes up. */
  size?: number;
}

/** Reads on to the message with this number, and gives all on the way. A snapshot at hand may come first, and deltas to it. */
export async function readTo({ next }: Watcher, seq: number): Promise<QueueMessage[]> {
  const messages = [await next()];
  while (messages.at(-1)?.seq !== seq) messages.push(await next());
  return messages;
}

/** As the worker does: the record and its delta in one transaction, and then a word to all. */
export async function change(
  { db, deps }: TestGateway,
  { added = [], removed = [], size = 10 }: Changes,
  { silently = false } = {},
): Promise<number> {
  const now = new Date();
  const items = added.map((uid) => ({
    uid,
    state: "READY" as const,
    protocol: "ESMTP",
    lastError: "s".repeat(size),
    recipients: ["a@example.com"],
    recipientsHidden: 0,
    files: [],
    envelopeCount: 1,
    retryCount: 0,
    firstSeenAt: now,
  }));
  const seq = await db.$transaction(async (tx) => {
    await tx.queueItem.updateMany({ where: { uid: { in: removed } }, data: { leftAt: now, leftHow: "DELETED" } });
    const ready = (await tx.queueItem.count({ where: { leftAt: null } })) + items.length;
    const watch = await tx.queueWatch.upsert({
      where: { id: 1 },
      create: { id: 1, seq: 1, lookedAt: now, completeAt: now, ready },
      update: { seq: { increment: 1 }, lookedAt: now, ready },
    });
    const { seq } = watch;
    if (items.length > 0) await tx.queueItem.createMany({ data: items.map((item) => ({ ...item, changedSeq: seq })) });
    const body = {
      added: items.map((item) => ({ ...item, firstSeenAt: now.toISOString() })),
      changed: [],
      removed: removed.map((uid) => ({ uid, how: "DELETED" })),
      totals: { ready, claimed: 0, dead: 0 },
    };
    await tx.queueDelta.create({ data: { seq, at: now, body } });
    return Number(seq);
  });
  if (!silently) await deps.events.publish("queue.delta", { seq });
  return seq;
}
