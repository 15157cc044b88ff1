import { createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isRobinError, isRobinInputError, type RobinError } from "./errors.ts";
import { createStandIn, createTestClient, rejection, type TestClient } from "./testing/stand-in.ts";

const failureOf = (promise: Promise<unknown>): Promise<RobinError> => rejection(promise, isRobinError);

describe("transport over the simulator", () => {
  let simulator: RobinSimulator;
  let client: TestClient;

  beforeEach(async () => {
    simulator = await createRobinSimulator({ items: 20, clientAuth: { type: "bearer", value: "secret-token" } });
    client = createTestClient(simulator.clientUrl, {
      clientApi: { url: simulator.clientUrl, auth: { type: "bearer", token: "secret-token" } },
      serviceApi: { url: simulator.serviceUrl },
    });
  });
  afterEach(async () => {
    await client.close();
    await simulator.close();
  });

  const connectionsOf = (target: string): number =>
    new Set(simulator.requests.filter((request) => request.target === target).map(({ connectionId }) => connectionId))
      .size;

  it("keeps small reads on one connection and opens a fresh one for each queue list", async () => {
    for (let i = 0; i < 4; i += 1) {
      await client.health.client();
      await client.queue.list();
    }
    expect(connectionsOf("/health")).toBe(1);
    expect(connectionsOf("/client/queue/list")).toBe(4);
    const connectionHeaders = simulator.requests.map(({ headers }) => headers.connection);
    expect(connectionHeaders.slice(0, 2)).toEqual(["keep-alive", "close"]);
  });

  it("sends the credentials of the port, and names itself", async () => {
    await client.queue.list();
    await client.health.service();
    expect(simulator.requests[0]?.headers).toMatchObject({
      authorization: "Bearer secret-token",
      accept: "text/html",
      "accept-encoding": "identity",
      "user-agent": "robin-sdk",
    });
    expect(simulator.requests[1]?.headers.authorization).toBeUndefined();
  });

  it("tells about each call once it has ended", async () => {
    await client.queue.list();
    await failureOf(client.queue.list({}, { signal: AbortSignal.abort() }));
    expect(client.calls).toEqual([
      {
        service: "client",
        endpoint: "/client/queue/list",
        method: "GET",
        outcome: "ok",
        status: 200,
        durationMs: expect.any(Number) as number,
      },
      {
        service: "client",
        endpoint: "/client/queue/list",
        method: "GET",
        outcome: "aborted",
        durationMs: expect.any(Number) as number,
      },
    ]);
  });

  it("answers http with the status and Robin's text for a 401, and shows no credentials", async () => {
    await using stranger = createTestClient(simulator.clientUrl, {
      clientApi: { url: simulator.clientUrl, auth: { type: "basic", username: "admin", password: "hunter2" } },
    });
    const error = await failureOf(stranger.queue.list());
    expect(error).toMatchObject({
      kind: "http",
      status: 401,
      service: "client",
      endpoint: "/client/queue/list",
      detail: "Unauthorized",
    });
    expect(inspect(error, { depth: 9 })).not.toMatch(/hunter2|Basic|YWRtaW4/);
    expect(stranger.breakers()).toEqual({ client: "closed", service: "closed" });
  });

  it("cuts the detail at 2 kB and never shows HTML", async () => {
    simulator.faults.set({
      port: "client",
      route: "/client/queue/list",
      fault: { kind: "status", status: 500, body: "é".repeat(5000) },
      times: 1,
    });
    const error = await failureOf(client.queue.list());
    expect(error.detail).toBe("é".repeat(1024));
    expect(error.message).toBe("GET /client/queue/list: Robin answered 500");
  });

  it.each([
    ["an HTML page for JSON", () => client.health.client(), "/health"],
    ["another HTML page for the list", () => client.queue.list(), "/client/queue/list"],
  ])("answers invalid-response to %s", async (_name, call, route) => {
    simulator.faults.set({ port: "client", route, fault: { kind: "html" } });
    expect(await failureOf(call())).toMatchObject({ kind: "invalid-response", status: 200 });
    expect(client.breakers().client).toBe("closed");
  });

  it("answers invalid-response to bytes that are not HTTP", async () => {
    simulator.faults.set({ port: "client", route: "/health", fault: { kind: "garbage" } });
    expect(await failureOf(client.health.client())).toMatchObject({ kind: "invalid-response", endpoint: "/health" });
  });

  it("tries a GET again, once, when the connection is reset", async () => {
    simulator.faults.set({ port: "client", route: "/health", fault: { kind: "reset" }, times: 1 });
    expect(await client.health.client()).toEqual({ status: "UP" });
    expect(simulator.requests).toHaveLength(2);
    expect(simulator.requests[1]?.headers.connection).toBe("close");

    simulator.faults.set({ port: "client", route: "/health", fault: { kind: "reset" }, times: 2 });
    expect(await failureOf(client.health.client())).toMatchObject({ kind: "network", service: "client" });
    expect(simulator.requests).toHaveLength(4);
  });

  it("never tries a POST again", async () => {
    simulator.faults.set({ port: "client", route: "/client/queue/retry", fault: { kind: "reset" } });
    expect((await failureOf(client.queue.retry({ uids: ["a"] }))).kind).toBe("network");
    expect(simulator.requests).toHaveLength(1);
  });

  it("never tries again after a 5xx or a deadline", async () => {
    simulator.faults.set({ port: "client", route: "/health", fault: { kind: "status", status: 503 }, times: 1 });
    expect((await failureOf(client.health.client())).status).toBe(503);
    simulator.faults.set({ port: "client", route: "/health", fault: { kind: "blackHole" }, times: 1 });
    expect(await failureOf(client.health.client({ timeoutMs: 50 }))).toMatchObject({
      kind: "timeout",
      message: "GET /health: no answer in 50 ms",
    });
    expect(simulator.requests).toHaveLength(2);
  });

  it("lets nobody open the breaker by leaving Robin too little time", async () => {
    simulator.faults.set({ port: "client", route: "/health", fault: { kind: "blackHole" } });
    for (let i = 0; i < 6; i += 1)
      expect((await failureOf(client.health.client({ timeoutMs: 20 }))).kind).toBe("timeout");
    expect(client.breakers().client).toBe("closed");
  });

  it("opens the breaker of one port after five failures, and leaves the other alone", async () => {
    simulator.faults.set({ port: "client", route: "*", fault: { kind: "status", status: 500 } });
    for (let i = 0; i < 5; i += 1) expect((await failureOf(client.health.client())).kind).toBe("http");
    const startedAt = performance.now();
    const error = await failureOf(client.queue.list());
    expect(performance.now() - startedAt).toBeLessThan(5);
    expect(error).toMatchObject({ kind: "circuit-open", endpoint: "/client/queue/list" });
    expect(error.retryAfterMs).toBeGreaterThan(29_000);
    expect(simulator.requests).toHaveLength(5);
    expect(client.breakers()).toEqual({ client: "open", service: "closed" });
    expect((await client.health.service()).status).toBe("UP");
  });

  it("tells about breaker changes, and does not mind a listener that throws", async () => {
    const onBreakerChange = vi.fn(() => {
      throw new Error("a bug of the listener");
    });
    await using other = createTestClient(simulator.serviceUrl, {
      breaker: { failureThreshold: 1, openMs: 0 },
      onBreakerChange,
    });
    simulator.faults.set({ port: "service", route: "*", fault: { kind: "status", status: 500 }, times: 1 });
    expect((await failureOf(other.health.service())).kind).toBe("http");
    expect((await other.health.service()).status).toBe("UP");
    expect(onBreakerChange.mock.calls).toEqual([
      [{ service: "service", state: "open" }],
      [{ service: "service", state: "half-open" }],
      [{ service: "service", state: "closed" }],
    ]);
  });

  it("serves a hundred callers over at most eight connections at once", async () => {
    await Promise.all(Array.from({ length: 100 }, () => client.health.service()));
    expect(connectionsOf("/health")).toBeLessThanOrEqual(8);
    expect(client.calls.every(({ outcome }) => outcome === "ok")).toBe(true);
  });

  it("refuses what does not fit into the line as overloaded", async () => {
    await using narrow = createTestClient(simulator.serviceUrl, { maxConnections: 1, maxWaiting: 2 });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => narrow.health.service()));
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "fulfilled",
      "rejected",
      "rejected",
    ]);
    expect(narrow.calls.filter(({ outcome }) => outcome === "overloaded")).toHaveLength(2);
  });

  it("counts waiting in the line against the deadline, but not against Robin", async () => {
    await using narrow = createTestClient(simulator.serviceUrl, {
      maxConnections: 1,
      breaker: { failureThreshold: 1 },
    });
    simulator.faults.set({ port: "service", route: "/health", fault: { kind: "blackHole" }, times: 1 });
    const first = new AbortController();
    const running = failureOf(narrow.health.service({ signal: first.signal }));
    const waiting = failureOf(narrow.health.service({ timeoutMs: 30 }));
    expect((await waiting).kind).toBe("timeout");
    expect(narrow.breakers().service).toBe("closed");
    first.abort();
    expect((await running).kind).toBe("aborted");
    expect((await narrow.health.service()).status).toBe("UP");
  });

  it("names no connection as network", async () => {
    await simulator.close();
    const error = await failureOf(client.health.client());
    expect(error).toMatchObject({ kind: "network", message: "GET /health: no connection (ECONNREFUSED)" });
    expect(error.cause).toMatchObject({ code: "ECONNREFUSED" });
  });

  it("lets running calls end before it closes, and refuses new ones", async () => {
    const running = client.health.client();
    const closing = client.close();
    expect((await failureOf(client.health.client())).kind).toBe("aborted");
    expect(await running).toEqual({ status: "UP" });
    await closing;
    await client.close();
  });

  it.each([0, -1, Number.NaN, 2 ** 31])("refuses a deadline of %s ms", async (timeoutMs) => {
    expect((await rejection(client.health.client({ timeoutMs }), isRobinInputError)).field).toBe("timeoutMs");
    expect(simulator.requests).toEqual([]);
  });
});

describe("transport over odd servers", () => {
  it("ends the connection when the caller aborts, and does not count it", async () => {
    const arrived = Promise.withResolvers<undefined>();
    const gone = Promise.withResolvers<undefined>();
    await using server = await createStandIn((request) => {
      request.socket.on("close", () => {
        gone.resolve(undefined);
      });
      arrived.resolve(undefined);
    });
    await using client = createTestClient(server.url, { breaker: { failureThreshold: 1 } });
    const controller = new AbortController();
    const call = failureOf(client.health.client({ signal: controller.signal }));
    await arrived.promise;
    controller.abort();
    expect(await call).toMatchObject({ kind: "aborted", message: "GET /health: aborted by the caller" });
    await gone.promise;
    expect(client.breakers().client).toBe("closed");
  });

  it("ends the connection at the deadline, also in the middle of an answer", async () => {
    const gone = Promise.withResolvers<undefined>();
    await using server = await createStandIn((request, response) => {
      request.socket.on("close", () => {
        gone.resolve(undefined);
      });
      response.writeHead(200, { "content-type": "application/json", "content-length": 15 }).write('{"stat');
    });
    await using client = createTestClient(server.url, { timeoutMs: 50 });
    expect((await failureOf(client.health.client())).kind).toBe("timeout");
    await gone.promise;
  });

  it("stops reading at the cap, whatever the length was said to be", async () => {
    const gone = Promise.withResolvers<number>();
    await using server = await createStandIn((request, response) => {
      const { socket } = request;
      socket.on("close", () => {
        gone.resolve(socket.bytesWritten);
      });
      response.writeHead(200, { "content-type": "application/json" });
      const pour = (): void => {
        while (!socket.destroyed && response.write(Buffer.alloc(64 * 1024, " ")));
        response.once("drain", pour);
      };
      pour();
    });
    await using client = createTestClient(server.url, { responseBytesMax: 100_000 });
    expect(await failureOf(client.health.client())).toMatchObject({
      kind: "invalid-response",
      message: "GET /health: Robin's answer exceeds 100000 bytes",
    });
    await gone.promise;
  });

  it("tries a GET again when the answer breaks off", async () => {
    await using server = await createStandIn((request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": 15 });
      if (server.connections() > 1) response.end('{"status":"UP"}');
      else response.write('{"stat', () => request.socket.destroy());
    });
    await using client = createTestClient(server.url);
    expect(await client.health.client()).toEqual({ status: "UP" });
    expect(server.connections()).toBe(2);
  });

  it.each([
    ["no content type", {}, '{"status":"UP"}', "Robin answered no content type where application/json was due"],
    ["broken JSON", { "content-type": "application/json" }, '{"status":', "Robin's answer is not JSON"],
    [
      "another shape",
      { "content-type": "Application/JSON; charset=utf-8" },
      "{}",
      "Robin's answer has not the expected shape",
    ],
    ["an empty answer", { "content-type": "application/json" }, "", "Robin's answer is not JSON"],
  ])("answers invalid-response to %s", async (_name, headers, body, problem) => {
    await using server = await createStandIn((_request, response) => response.writeHead(200, headers).end(body));
    await using client = createTestClient(server.url);
    const error = await failureOf(client.health.client());
    expect(error).toMatchObject({ kind: "invalid-response", status: 200, message: `GET /health: ${problem}` });
  });

  it("does not follow a redirect, which would take the credentials along", async () => {
    await using server = await createStandIn((_request, response) =>
      response.writeHead(302, { location: "/elsewhere" }).end(),
    );
    await using client = createTestClient(server.url);
    const error = await failureOf(client.health.client());
    expect(error).toMatchObject({ kind: "http", status: 302 });
    expect(error).not.toHaveProperty("detail");
    expect(error).not.toHaveProperty("retryAfterMs");
  });

  it("reads a refusal that comes while it is still sending", async () => {
    await using server = await createStandIn((request, response) => {
      request.pause();
      response.writeHead(401, { "content-type": "text/plain" }).end("Unauthorized");
    });
    await using client = createTestClient(server.url);
    // More than the buffers of a connection hold, so that it cannot be sent to its end.
    const message = new Uint8Array(32 * 1024 * 1024);
    const error = await failureOf(client.queue.enqueueRaw({ mail: "a@x", rcpt: ["b@x"], message }));
    expect(error).toMatchObject({ kind: "http", status: 401, detail: "Unauthorized" });
  });

  it("leaves the rest of an endless error page behind", async () => {
    await using server = await createStandIn((_request, response) => {
      response.writeHead(502, { "content-type": "text/html" }).write("<h1>".repeat(20_000));
    });
    await using client = createTestClient(server.url);
    const error = await failureOf(client.health.client());
    expect(error).toMatchObject({ kind: "http", status: 502 });
    expect(error.detail).toBeUndefined();
  });

  it("keeps a path prefix of the URL", async () => {
    const targets: (string | undefined)[] = [];
    await using server = await createStandIn((request, response) => {
      targets.push(request.url);
      response.writeHead(200, { "content-type": "application/json" }).end('{"status":"UP"}');
    });
    await using client = createTestClient(`${server.url}/robin/`);
    await client.health.client();
    expect(targets).toEqual(["/robin/health"]);
  });

  it("keeps no more than ten connections per port alive, and opens no more than it may at once", async () => {
    const waiting: (() => void)[] = [];
    let openMax = 0;
    await using server = await createStandIn((_request, response) => {
      openMax = Math.max(openMax, server.sockets.size);
      waiting.push(() => response.writeHead(200, { "content-type": "application/json" }).end('{"status":"UP"}'));
      if (waiting.length === 30) for (const answer of waiting) answer();
    });
    await using client = createTestClient(server.url, { maxConnections: 30 });
    await Promise.all(Array.from({ length: 30 }, () => client.health.client()));
    expect(openMax).toBe(30);
    await vi.waitFor(() => {
      expect(server.sockets.size).toBe(10);
    });
  });
});
