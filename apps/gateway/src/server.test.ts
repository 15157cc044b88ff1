import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createHttpServer } from "./server.ts";

let server: Server | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server?.closeAllConnections();
  server?.close();
  if (server?.listening) await once(server, "close");
});

const body = Buffer.alloc(4 * 1024 * 1024, "x");

async function listen(limits: Partial<Parameters<typeof createHttpServer>[1]> = {}): Promise<number> {
  server = createHttpServer(
    (req, res) => {
      res.end(req.url === "/large" ? body : "small");
    },
    { maxConnections: 100, requestTimeoutMs: 10_000, ...limits },
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

function open(port: number) {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  sockets.push(socket);
  let text = "";
  socket.on("data", (chunk: string) => (text += chunk)).on("error", () => undefined);
  return { socket, text: () => text };
}

const request = (path: string) => `GET ${path} HTTP/1.1\r\nhost: gateway\r\n\r\n`;

describe("connections", () => {
  it("503 with a sentence for those that are too many, until another one ends", async () => {
    const port = await listen({ maxConnections: 2 });
    const [first, second] = [open(port), open(port)];
    for (const { socket, text } of [first, second]) {
      socket.write(request("/"));
      await vi.waitUntil(() => text().endsWith("small"));
    }
    const third = open(port);
    await once(third.socket, "end");
    expect(third.text()).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(third.text()).toContain("\r\nretry-after: 1\r\n");
    expect(third.text()).toContain('"code":"unavailable"');
    expect(third.text()).toContain("too many connections");

    first.socket.end();
    await once(first.socket, "close");
    await vi.waitUntil(
      async () => {
        const next = open(port);
        next.socket.write(request("/"));
        await vi.waitUntil(() => next.text() !== "");
        return next.text().startsWith("HTTP/1.1 200");
      },
      { interval: 20 },
    );
  });

  it("are kept longer than proxies keep theirs, and heads have to come soon", async () => {
    await listen();
    expect(server?.keepAliveTimeout).toBeGreaterThan(60_000);
    expect(server?.headersTimeout).toBeLessThanOrEqual(15_000);
    expect(server?.requestTimeout).toBeLessThanOrEqual(60_000);
  });

  it("are given time for what an answer may take, and no more than twice that without a byte", async () => {
    await listen({ requestTimeoutMs: 600_000 });
    expect(server?.timeout).toBe(1_200_000);
    server?.close();
    await listen();
    expect(server?.timeout).toBe(120_000);
  });

  it("431 for a head that is too large", async () => {
    const { socket, text } = open(await listen());
    socket.write(`GET / HTTP/1.1\r\nhost: gateway\r\nx-large: ${"x".repeat(20_000)}\r\n\r\n`);
    await once(socket, "end");
    expect(text()).toMatch(/^HTTP\/1\.1 431 /);
  });

  it("hold one answer for who asks on and on and never reads", async () => {
    const port = await listen();
    const { socket } = open(port);
    socket.pause();
    const held: number[] = [];
    const accepted = new Promise<Socket>((resolve) =>
      server?.once("request", (req) => {
        resolve(req.socket);
      }),
    );
    socket.write(request("/large").repeat(200));
    const peer = await accepted;
    const other = open(port);
    for (let round = 0; round < 20; round += 1) {
      const before = other.text().length;
      other.socket.write(request("/"));
      await vi.waitUntil(() => other.text().length > before);
      held.push(peer.writableLength);
    }
    expect(Math.max(...held)).toBeGreaterThan(0);
    expect(Math.max(...held)).toBeLessThan(3 * body.length);
  });
});
