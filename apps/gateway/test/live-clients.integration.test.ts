import { createUser } from "@robin/db/testing";
import { once } from "node:events";
import { connect } from "node:net";
import { WebSocket } from "ws";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, testPassword, type TestGateway } from "./harness.ts";
import { change, openEvents, openSocket, readTo, roads, trpcPath, type Watcher, watchSocket } from "./live-support.ts";
import { rawHead, sendRaw } from "./raw-http.ts";

let gateway: TestGateway;
let other: TestGateway;
const watchers: Watcher[] = [];

beforeAll(async () => {
  gateway = await startTestGateway({
    app: { corsOrigins: ["https://console.example"] },
    live: { clientsMax: 12, clientsPerUserMax: 10, checkMs: 60_000 },
  });
  other = await startTestGateway({
    beside: gateway,
    live: { clientsMax: 2, clientsPerUserMax: 1, checkMs: 20 },
  });
  await change(gateway, { added: ["a"] });
});
afterAll(async () => {
  await other.close();
  await gateway.close();
});
afterEach(async () => {
  for (const watcher of watchers.splice(0)) watcher.close();
  for (const { deps } of [gateway, other]) await expect.poll(() => deps.live.clients.size).toBe(0);
});

function keep<Kind extends Watcher>(watcher: Kind): Kind {
  watchers.push(watcher);
  return watcher;
}

async function signInWithoutRoles(): Promise<string> {
  const passwordHash = await gateway.deps.passwords.hash(testPassword);
  const { username } = await createUser(gateway.db, { passwordHash, roles: [] });
  const { body } = await gateway.request("/api/v1/auth/login", { body: { username, password: testPassword } });
  return (body as { tokens: { accessToken: string } }).tokens.accessToken;
}

/** What each road says to who may not watch. */
const refusals: Record<string, (token: string | undefined) => Promise<unknown>> = {
  WebSocket: (token) => openSocket(gateway, token).catch((error: unknown) => error),
  "server-sent events": (token) =>
    openEvents(gateway, "/api/v1/queue/events", { token }).catch((error: unknown) => error),
};

describe.each(Object.keys(refusals))("who may not watch, over %s", (road) => {
  it("401 without a token, and with one that is none of ours", async () => {
    for (const token of [undefined, "nonsense"]) {
      expect(await refusals[road]?.(token)).toMatchObject({
        status: 401,
        body: {
          code: "unauthenticated",
          message: expect.any(String) as string,
          requestId: expect.any(String) as string,
        },
      });
    }
  });

  it("403 without the permission VIEW_QUEUE", async () => {
    expect(await refusals[road]?.(await signInWithoutRoles())).toMatchObject({
      status: 403,
      body: { code: "forbidden" },
    });
  });
});

it("over tRPC who may not watch gets an error as its only event", async () => {
  const stream = await openEvents(gateway, trpcPath("queue.watch"), { token: await signInWithoutRoles() });
  for (;;) {
    const { event, data } = await stream.next();
    if (event === "connected") continue;
    expect({ event, data }).toMatchObject({
      event: "serialized-error",
      data: { json: { data: { appCode: "forbidden" } } },
    });
    break;
  }
  stream.close();
});

/** How each road tells that one may not watch any longer. */
const endings: Record<string, (code: "unauthenticated" | "forbidden") => unknown> = {
  WebSocket: (code) => ({ code: code === "forbidden" ? 4403 : 4401 }),
  "server-sent events": (code) => ({ code }),
  tRPC: (code) => ({ data: { appCode: code } }),
};

describe.each(Object.keys(roads))("who may not watch any longer, over %s", (road) => {
  const watch = async (from: TestGateway, token: string) => {
    const watcher = await roads[road]?.(from, token);
    if (!watcher) throw new Error("no such road");
    await keep(watcher).next();
    return watcher;
  };

  it("hears of a log-out at once", async () => {
    const { token } = await gateway.signIn("ROLE_USER");
    const watcher = await watch(gateway, token);
    await other.request("/api/v1/auth/logout", { token, method: "POST" });
    expect(await watcher.ended).toMatchObject(endings[road]?.("unauthenticated") as object);
  });

  it("hears at once when the account is disabled, or loses the permission", async () => {
    const admin = await gateway.signIn("ROLE_ADMIN");
    const [first, second] = [await gateway.signIn("ROLE_USER"), await gateway.signIn("ROLE_USER")];
    const disabled = await watch(gateway, first.token);
    const disabling = await other.request(`/api/v1/users/${first.userId}/disable`, {
      token: admin.token,
      method: "POST",
    });
    expect(disabling.status).toBe(200);
    expect(await disabled.ended).toMatchObject(endings[road]?.("unauthenticated") as object);
    const demoted = await watch(gateway, second.token);
    // Each role has it; without any one has nothing.
    await gateway.db.userRole.deleteMany({ where: { userId: second.userId } });
    await other.request(`/api/v1/users/${second.userId}`, { token: admin.token, method: "PATCH", body: {} });
    expect(await demoted.ended).toMatchObject(endings[road]?.("forbidden") as object);
  });

  it("hears without any event when its session was ended in the database, or its token has expired", async () => {
    const { token, userId } = await gateway.signIn("ROLE_USER");
    const ended = await watch(other, token);
    await gateway.db.session.updateMany({ where: { userId }, data: { revokedAt: new Date() } });
    gateway.clock.advance(600);
    expect(await ended.ended).toMatchObject(endings[road]?.("unauthenticated") as object);
    const late = await gateway.signIn("ROLE_USER");
    const expired = await watch(other, late.token);
    gateway.clock.advance(1_800_000);
    expect(await expired.ended).toMatchObject(endings[road]?.("unauthenticated") as object);
  });
});

it("an API key may watch what is among its scopes", async () => {
  const { token } = await gateway.signIn("ROLE_ADMIN");
  const answer = await gateway.request("/api/v1/api-keys", { token, body: { name: "tv", scopes: ["VIEW_QUEUE"] } });
  const { key } = answer.body as { key: string };
  expect(await keep(await openSocket(gateway, key)).next()).toMatchObject({ type: "snapshot" });
});

describe("the WebSocket", () => {
  it("takes the token as a subprotocol too, and never answers with it or logs it", async () => {
    const { token } = await gateway.signIn("ROLE_USER");
    const url = gateway.url.replace("http", "ws");
    const watcher = keep(await watchSocket(new WebSocket(`${url}/ws/queue`, ["bearer", token])));
    expect(await watcher.next()).toMatchObject({ type: "snapshot" });
    expect(watcher.webSocket.protocol).toBe("bearer");
    keep(await openSocket(gateway, token));
    const lines = gateway.logs.filter(({ path }) => path === "/ws/queue");
    expect(lines.at(-1)).toMatchObject({ method: "GET", status: 101, endpoint: "/ws/queue" });
    expect(JSON.stringify(gateway.logs)).not.toContain(token);
  });

  it("403 for pages of other origins; those of this host and of CORS_ORIGINS may connect", async () => {
    const { token } = await gateway.signIn("ROLE_USER");
    for (const origin of ["https://evil.example", "null"]) {
      const refused = await openSocket(gateway, token, { headers: { origin } }).catch((error: unknown) => error);
      expect(refused).toMatchObject({ status: 403, body: { code: "forbidden" } });
    }
    for (const origin of ["https://console.example", gateway.url]) {
      keep(await openSocket(gateway, token, { headers: { origin } }));
    }
  });

  it("503 beyond the bound of all, 429 beyond the bound of one user", async () => {
    const [first, second, third] = await Promise.all([1, 2, 3].map(() => gateway.signIn("ROLE_USER")));
    const open = (token = "") => openSocket(other, token).then(keep, (error: unknown) => error);
    await open(first?.token);
    expect(await open(first?.token)).toMatchObject({ status: 429, body: { code: "rate_limited" } });
    await open(second?.token);
    expect(await open(third?.token)).toMatchObject({ status: 503, body: { code: "unavailable" } });
  });

  it("closes with 1008 on any message, 1009 on a large one, 1002 on what is no frame", async () => {
    const { token } = await gateway.signIn("ROLE_USER");
    const [talking, shouting, broken] = [
      keep(await openSocket(gateway, token)),
      keep(await openSocket(gateway, token)),
      keep(await openSocket(gateway, token)),
    ];
    talking.webSocket.send("hello");
    expect(await talking.ended).toMatchObject({ code: 1008 });
    shouting.webSocket.on("error", () => undefined);
    shouting.webSocket.send(Buffer.alloc(10 * 1024 ** 2));
    expect([1006, 1009]).toContain((await shouting.ended).code);
    (broken.webSocket as unknown as { _socket: { write(text: string): void } })._socket.write("no frame at all");
    expect(await broken.ended).toMatchObject({ code: 1002 });
  });

  it("a client that does not read misses deltas and gets a snapshot when it does", async () => {
    const { token } = await gateway.signIn("ROLE_USER");
    const [slow, quick] = [keep(await openSocket(gateway, token)), keep(await openSocket(gateway, token))];
    await slow.next();
    let received = 0;
    slow.webSocket.on("message", (data: Buffer) => (received += data.length));
    slow.webSocket.pause();
    const size = 500_000;
    const parts = 24;
    let seq = 0;
    for (let part = 0; part < parts; part += 1) {
      await gateway.db.queueItem.deleteMany();
      seq = await change(gateway, { added: [`large-${part}`], size });
      await readTo(quick, seq);
    }
    slow.webSocket.resume();
    const messages = await readTo(slow, seq);
    expect(messages.some(({ type }) => type === "snapshot")).toBe(true);
    const seqs = messages.map((message) => message.seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((one, next) => one - next));
    // What the system buffers, and the megabyte that is allowed to wait here.
    expect(received).toBeLessThan((size * parts * 3) / 4);
  });

  it("leaves other changes of protocol and plain requests to HTTP", async () => {
    const { token } = await gateway.signIn("ROLE_USER");
    expect((await gateway.request("/ws/queue", { token })).status).toBe(400);
    for (const [path, upgrade, status] of [
      ["/health/live", "h2c", 200],
      ["/ws/nothing", "websocket", 404],
    ] as const) {
      const head = rawHead(`GET ${path}`, { connection: "upgrade, close", upgrade });
      expect((await sendRaw(gateway.url, head)).status).toBe(status);
    }
  });

  it("does not wait for a refused client to hang up", async () => {
    const socket = connect({ port: Number(new URL(gateway.url).port), host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "connect");
    const ended = once(socket, "end");
    socket.on("error", () => undefined).resume();
    socket.write(rawHead("GET /ws/queue", { connection: "upgrade", upgrade: "websocket" }));
    await ended;
    // What comes on a connection that is gone is answered with a reset.
    await expect.poll(() => socket.destroyed || !socket.write("still here")).toBe(true);
  });

  it("is gone from the books when its client is cut off", async () => {
    const { token } = await gateway.signIn("ROLE_USER");
    const watcher = await openSocket(gateway, token);
    const { text } = await gateway.request("/actuator/prometheus");
    expect(text).toMatch(/^gateway_websocket_clients 1$/m);
    watcher.close();
    await expect.poll(() => gateway.deps.live.clients.size).toBe(0);
    // Half a handshake.
    const head = rawHead(`GET /ws/queue?token=${token}`, { connection: "upgrade", upgrade: "websocket" });
    expect((await sendRaw(gateway.url, head)).status).toBe(400);
  });
});

it("when the process ends, all are told to come back: 1001, `end`, an error that tRPC's client retries", async () => {
  const third = await startTestGateway({ beside: gateway });
  const { token } = await gateway.signIn("ROLE_USER");
  const [socket, events, typed] = await Promise.all(Object.values(roads).map((open) => open(third, token)));
  for (const watcher of [socket, events, typed]) await watcher?.next();
  third.deps.live.close();
  expect(await socket?.ended).toMatchObject({ code: 1001 });
  expect(await events?.ended).toMatchObject({ code: "unavailable" });
  expect(await typed?.ended).toMatchObject({ data: { appCode: "unavailable", code: "SERVICE_UNAVAILABLE" } });
  expect(await openSocket(third, token).catch((error: unknown) => error)).toMatchObject({ status: 503 });
  await third.close();
});
