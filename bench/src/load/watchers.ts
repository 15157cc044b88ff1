import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

/** A message on its way to many. */
export interface Delivery {
  /** Milliseconds since 1970, of each client that has it, in the order in which they got it. */
  arrivals: number[];
  /** When the worker asked Robin. */
  polledAt: number;
}

/** Many clients of `/ws/queue`, as little each as can be: they look at the beginning of a message only. */
export interface Watchers {
  /** By number. */
  deltas: Map<number, Delivery>;
  snapshots: number;
  /** Those that read and are still connected. */
  reading(): number;
  close(): void;
}

interface WatchersSetup {
  url: string;
  token: string;
  count: number;
  /** Of all, how many never read. */
  deafShare: number;
}

/** At once, so that no backlog is the limit. */
const openingMax = 50;
const ping = 9;
const pong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

export const epochMs = (): number => performance.timeOrigin + performance.now();

/** Rejects when one of them is refused. */
export async function openWatchers({ url, token, count, deafShare }: WatchersSetup): Promise<Watchers> {
  const { hostname, port } = new URL(url);
  const reading: Socket[] = [];
  const deaf: Socket[] = [];
  const watchers: Watchers = {
    deltas: new Map(),
    snapshots: 0,
    reading: () => reading.filter((socket) => !socket.closed).length,
    close() {
      for (const socket of [...reading, ...deaf]) socket.destroy();
    },
  };

  const open = (isDeaf: boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      const key = randomBytes(16).toString("base64");
      socket.write(
        `GET /ws/queue?token=${token} HTTP/1.1\r\nhost: bench\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
      );
      socket.on("error", reject);
      let before = Buffer.alloc(0);
      const readHead = (chunk: Buffer): void => {
        before = Buffer.concat([before, chunk]);
        const end = before.indexOf("\r\n\r\n");
        if (end < 0) return;
        socket.off("data", readHead);
        if (!before.subarray(0, 12).equals(Buffer.from("HTTP/1.1 101"))) {
          reject(new Error(`refused: ${before.toString("latin1").slice(0, 300)}`));
          return;
        }
        if (isDeaf) socket.pause();
        else socket.on("data", createFrameReader(socket, watchers, before.subarray(end + 4)));
        (isDeaf ? deaf : reading).push(socket);
        resolve();
      };
      socket.on("data", readHead);
    });

  for (let opened = 0; opened < count; opened += openingMax) {
    const batch = Math.min(openingMax, count - opened);
    const isDeaf = (index: number) => Math.floor((index + 1) * deafShare) > Math.floor(index * deafShare);
    await Promise.all(Array.from({ length: batch }, (_unused, index) => open(isDeaf(opened + index))));
  }
  return watchers;
}

/** What a message begins with, as far as it is looked at. */
const beginning = 120;
const pattern = /^\{"type":"(snapshot|delta)","seq":(\d+),"at":"([^"]+)"/;

/** Servers do not mask, so a frame is a head of 2, 4 or 10 bytes and its payload. */
function createFrameReader(socket: Socket, watchers: Watchers, first: Buffer): (chunk: Buffer) => void {
  let rest = first;
  /** Of a payload that has begun. */
  let missing = 0;

  const read = (chunk: Buffer): void => {
    let data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    rest = Buffer.alloc(0);
    while (data.length > 0) {
      if (missing > 0) {
        const taken = Math.min(missing, data.length);
        missing -= taken;
        data = data.subarray(taken);
        continue;
      }
      const short = (data[1] ?? 0) & 0x7f;
      const headBytes = short === 126 ? 4 : short === 127 ? 10 : 2;
      const isHeadThere = data.length >= headBytes;
      const length = !isHeadThere
        ? 0
        : short === 126
          ? data.readUInt16BE(2)
          : short === 127
            ? data.readUInt32BE(6)
            : short;
      if (!isHeadThere || data.length < headBytes + Math.min(length, beginning)) {
        rest = Buffer.from(data);
        return;
      }
      if (((data[0] ?? 0) & 0x0f) === ping) socket.write(pong);
      else note(watchers, data.toString("latin1", headBytes, headBytes + Math.min(length, beginning)));
      missing = length;
      data = data.subarray(headBytes);
    }
  };
  read(Buffer.alloc(0));
  return read;
}

function note(watchers: Watchers, text: string): void {
  const [, type, seq, at] = pattern.exec(text) ?? [];
  if (type === "snapshot") watchers.snapshots += 1;
  if (type !== "delta" || at === undefined) return;
  const delivery = watchers.deltas.get(Number(seq)) ?? { arrivals: [], polledAt: Date.parse(at) };
  watchers.deltas.set(Number(seq), delivery);
  delivery.arrivals.push(epochMs());
}
