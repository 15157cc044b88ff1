import { buffer } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { isRobinError, RobinError } from "./errors.ts";
import { pumpBody } from "./streaming.ts";
import { createStandIn, rejection, type StandIn } from "./testing/stand-in.ts";
import { createTransport, type RobinCall, type RobinExchange, type Transport } from "./transport.ts";

const request: RobinExchange = {
  service: "client",
  method: "GET",
  endpoint: "/mail",
  mediaType: "text/plain",
  large: true,
};
const robinError = { service: "client", endpoint: "/mail" } as const;
const megabyte = Buffer.alloc(1024 * 1024, "x");

describe("stream", () => {
  const calls: RobinCall[] = [];
  let transport: Transport | undefined;

  function transportTo(server: StandIn, timeoutMs = 5_000): Transport {
    transport = createTransport({
      clientApi: { url: server.url },
      serviceApi: { url: server.url },
      timeoutMs,
      responseBytesMax: 1_000,
      maxConnections: 1,
      onCall: (call) => calls.push(call),
    });
    return transport;
  }
  afterEach(async () => {
    await transport?.close();
    calls.length = 0;
  });

  it("hands the bytes on as they are, beyond the limit for answers in memory, with the announced size", async () => {
    await using server = await createStandIn((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain", "content-length": megabyte.length }).end(megabyte);
    });
    const { sizeBytes, body } = await transportTo(server).stream(request);
    expect(sizeBytes).toBe(megabyte.length);
    expect(calls).toEqual([]);
    expect((await buffer(body)).equals(megabyte)).toBe(true);
    await vi.waitFor(() => {
      expect(calls).toMatchObject([{ endpoint: "/mail", outcome: "ok", status: 200 }]);
    });
  });

  it("loses nothing when Robin is done long before a reader who pauses", async () => {
    // As Robin does: it closes on demand, at once and without announcing it.
    await using server = await createStandIn(({ headers, socket }, response) => {
      const head = "HTTP/1.1 200 OK\r\nContent-type: text/plain\r\nContent-length: 1048576\r\n\r\n";
      socket.write(head);
      if (headers.connection === "close") socket.end(megabyte);
      else socket.write(megabyte);
      response.detachSocket(socket);
    });
    const streams = transportTo(server);
    for (let count = 0; count < 20; count += 1) {
      const { body } = await streams.stream(request);
      let bytes = 0;
      for await (const chunk of body) {
        bytes += chunk.byteLength;
        await setTimeout(2);
      }
      expect(bytes).toBe(megabyte.length);
    }
  });

  it("has no size and no bytes for an empty chunked answer", async () => {
    await using server = await createStandIn((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain" }).end();
    });
    const stream = await transportTo(server).stream(request);
    expect("sizeBytes" in stream).toBe(false);
    expect(await buffer(stream.body)).toHaveLength(0);
  });

  it("lets the sender wait for the reader", async () => {
    const chunks = 64;
    let sent = 0;
    await using server = await createStandIn((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      const send = (): void => {
        while (sent < chunks) {
          sent += 1;
          if (!response.write(megabyte)) return void response.once("drain", send);
        }
        response.end();
      };
      send();
    });
    const { body } = await transportTo(server).stream(request);
    const reader = body.getReader();
    let bytes = (await reader.read()).value?.byteLength ?? 0;
    // The buffers of both sockets fill up and then nothing moves: far less than the 64 MB can have left.
    await vi.waitFor(async () => {
      const before = sent;
      await new Promise((resolve) => setImmediate(resolve));
      expect(sent).toBe(before);
    });
    expect(sent).toBeLessThan(chunks / 2);
    for (let read = await reader.read(); !read.done; read = await reader.read()) bytes += read.value.byteLength;
    expect(bytes).toBe(chunks * megabyte.length);
  });

  it("rejects with http and the status before there is a body", async () => {
    await using server = await createStandIn((_request, response) => {
      response.writeHead(404, { "content-type": "text/plain" }).end("Not Found");
    });
    const error = await rejection(transportTo(server).stream(request), isRobinError);
    expect(error).toMatchObject({ kind: "http", status: 404, detail: "Not Found" });
  });

  it("rejects with invalid-response when the media type is another one, and gives the page up", async () => {
    await using server = await createStandIn((_request, response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.write("<html>");
    });
    const error = await rejection(transportTo(server).stream(request), isRobinError);
    expect(error).toMatchObject({ kind: "invalid-response", status: 200 });
    await vi.waitFor(() => {
      expect(server.sockets.size).toBe(0);
    });
  });

  it("fails the body with network when the connection breaks inside it, and does not try again", async () => {
    await using server = await createStandIn((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain", "content-length": 100 });
      response.write("half", () => response.destroy());
    });
    const { body } = await transportTo(server).stream(request);
    const error = await rejection(buffer(body), isRobinError);
    expect(error).toMatchObject({ kind: "network", endpoint: "/mail" });
    expect(server.connections()).toBe(1);
    await vi.waitFor(() => {
      expect(calls).toMatchObject([{ outcome: "network", status: 200 }]);
    });
  });

  it("fails the body with timeout at the deadline, even while nobody reads", async () => {
    await using server = await createStandIn((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      response.write("begin");
    });
    const { body } = await transportTo(server, 100).stream(request);
    await vi.waitFor(() => {
      expect(calls).toMatchObject([{ outcome: "timeout" }]);
    });
    expect(await rejection(buffer(body), isRobinError)).toMatchObject({ kind: "timeout" });
    await vi.waitFor(() => {
      expect(server.sockets.size).toBe(0);
    });
  });

  it("fails the body with aborted when the caller aborts", async () => {
    await using server = await createStandIn((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      response.write("begin");
    });
    const controller = new AbortController();
    const { body } = await transportTo(server).stream(request, { signal: controller.signal });
    controller.abort();
    const error = await rejection(buffer(body), (value): value is RobinError => value instanceof RobinError);
    expect(error.kind).toBe("aborted");
  });

  it("frees the connection and the place in the line when the body is cancelled", async () => {
    await using server = await createStandIn((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      response.write("begin");
    });
    const only = transportTo(server);
    const first = await only.stream(request);
    const waiting = only.stream(request);
    await first.body.cancel();
    await (await waiting).body.cancel();
    await vi.waitFor(() => {
      expect(calls).toMatchObject([{ outcome: "aborted" }, { outcome: "aborted" }]);
      expect(server.sockets.size).toBe(0);
    });
  });
});

describe("pumpBody", () => {
  const failures = {
    translate: (error: unknown) => new RobinError({ ...robinError, kind: "aborted", message: String(error) }),
    abandoned: () => new RobinError({ ...robinError, kind: "aborted", message: "abandoned" }),
  };

  it("ends at once without a body", async () => {
    const { body, done } = pumpBody(new Response(null), new AbortController().signal, failures);
    expect(await buffer(body)).toHaveLength(0);
    await expect(done).resolves.toBeUndefined();
  });

  it("fails at once when the call is already over", async () => {
    const { body, done } = pumpBody(new Response("x"), AbortSignal.abort("over"), failures);
    expect(await rejection(done, isRobinError)).toMatchObject({ message: "over" });
    expect(await rejection(buffer(body), isRobinError)).toMatchObject({ message: "over" });
  });
});
