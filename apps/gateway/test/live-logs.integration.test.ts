import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SignedIn, TestGateway } from "./harness.ts";
import { type EventStream, fromTrpc, openEvents, trpcPath } from "./live-support.ts";
import { startLogGateway, write } from "./logs-support.ts";

interface LogMessage {
  entries: { id: string; message: string; level: string }[];
  incomplete: boolean;
}

const everyMs = 30;
const minuteMs = 60_000;

let gateway: TestGateway;
let user: SignedIn;
const streams: EventStream[] = [];

beforeAll(async () => {
  gateway = await startLogGateway({
    robin: { breaker: { failureThreshold: 1_000_000, openMs: 1 } },
    live: { clientsMax: 20, clientsPerUserMax: 20, logs: { everyMs, restFactor: 0 }, health: { everyMs } },
  });
});
afterAll(() => gateway.close());
beforeEach(async () => {
  // What was written before is out of the tail's sight.
  gateway.clock.advance(10 * minuteMs);
  user = await gateway.signIn("ROLE_USER");
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  gateway.simulator.faults.clear();
  await expect.poll(() => gateway.deps.live.clients.size).toBe(0);
});

async function open(path: string, lastEventId?: string): Promise<EventStream> {
  const stream = await openEvents(gateway, path, {
    token: user.token,
    ...(lastEventId !== undefined && { lastEventId }),
  });
  streams.push(stream);
  return stream;
}

/** The messages of the next entries, and the id to come back with. */
async function read(
  stream: EventStream,
  count: number,
): Promise<{ messages: string[]; id: string; incomplete: boolean }> {
  const messages: string[] = [];
  let [id, incomplete] = ["", false];
  while (messages.length < count) {
    const event = await stream.next();
    const data = event.data as LogMessage;
    messages.push(...data.entries.map(({ message }) => message));
    id = event.id ?? id;
    incomplete ||= data.incomplete;
  }
  return { messages, id, incomplete };
}

const searches = () => gateway.simulator.requests.filter(({ target }) => target.startsWith("/logs")).length;

describe("GET /api/v1/logs/events", () => {
  it("tells of entries that come from now on, once each, in their order, also over the turn of a minute", async () => {
    write(gateway, "before");
    const stream = await open("/api/v1/logs/events");
    expect((await stream.next()).data).toEqual({ entries: [], incomplete: false });
    write(gateway, "one");
    write(gateway, "two");
    expect((await read(stream, 2)).messages).toEqual(["one", "two"]);
    write(gateway, "same");
    write(gateway, "same");
    gateway.clock.advance(minuteMs - (gateway.clock.now().getTime() % minuteMs) - 2);
    write(gateway, "at the end of the minute");
    gateway.clock.advance(5);
    write(gateway, "at the beginning of the next one");
    const { messages, incomplete } = await read(stream, 4);
    expect(messages).toEqual(["same", "same", "at the end of the minute", "at the beginning of the next one"]);
    expect(incomplete).toBe(false);
  });

  it("gives each watcher what passes its filter, from one reading for all", async () => {
    const paths = ["", "?level=ERROR", "?levelMin=WARN", "?logger=smtp", "?search=needle"];
    const all = await Promise.all(paths.map((query) => open(`/logs/events${query}`)));
    for (const stream of all) await stream.next();
    const before = searches();
    const startedAt = performance.now();
    write(gateway, "an error", { level: "ERROR", logger: "a.B" });
    write(gateway, "a warning with a needle", { level: "WARN", logger: "smtp.Receipt" });
    write(gateway, "more", { logger: "smtpother.X" });
    const expected = [
      ["an error", "a warning with a needle", "more"],
      ["an error"],
      ["an error", "a warning with a needle"],
      ["a warning with a needle"],
      ["a warning with a needle"],
    ];
    for (const [index, stream] of all.entries()) {
      const messages = expected[index] ?? [];
      expect((await read(stream, messages.length)).messages).toEqual(messages);
    }
    // At most two minutes are in sight at a time, and one reading was under way already.
    expect(searches() - before).toBeLessThanOrEqual(2 * (2 + (performance.now() - startedAt) / everyMs));
  });

  it("goes on after the last entry seen, and Robin's log is left alone while nobody watches", async () => {
    const first = await open("/api/v1/logs/events");
    await first.next();
    write(gateway, "seen");
    const { id } = await read(first, 1);
    first.close();
    await expect.poll(() => gateway.deps.live.clients.size).toBe(0);
    const before = searches();
    write(gateway, "missed");
    await gateway.request("/health/live");
    expect(searches()).toBe(before);
    const [second, newcomer] = [await open("/api/v1/logs/events", id), await open("/api/v1/logs/events")];
    expect((await newcomer.next()).data).toEqual({ entries: [], incomplete: false });
    write(gateway, "new");
    expect((await read(second, 2)).messages).toEqual(["missed", "new"]);
    expect((await read(newcomer, 1)).messages).toEqual(["new"]);
  });

  it("waits while Robin is away, and says that entries may be missing when it was for long", async () => {
    const stream = await open("/api/v1/logs/events");
    await stream.next();
    gateway.simulator.faults.set({ port: "client", route: "/logs", fault: { kind: "status", status: 500 } });
    await expect
      .poll(() => gateway.logs.some(({ msg }) => msg === "Robin's log cannot be read for those who watch it"))
      .toBe(true);
    write(gateway, "long ago");
    gateway.clock.advance(10 * minuteMs);
    gateway.simulator.faults.clear();
    write(gateway, "now");
    const { messages, incomplete } = await read(stream, 1);
    expect(messages).not.toContain("long ago");
    expect(incomplete).toBe(true);
  });

  it("400 for filters that do not go together, 401 without a token", async () => {
    const refused = (path: string, token?: string) =>
      openEvents(gateway, path, { token }).catch((error: unknown) => error);
    expect(await refused("/logs/events?level=INFO&levelMin=WARN", user.token)).toMatchObject({ status: 400 });
    expect(await refused("/logs/events")).toMatchObject({ status: 401 });
  });
});

it("logs.tail tells the same over tRPC", async () => {
  const stream = await open(trpcPath("logs.tail", { levelMin: "WARN" }));
  const next = async () => {
    for (;;) {
      const event = await stream.next();
      if (event.event === undefined) return fromTrpc(event) as LogMessage;
    }
  };
  expect(await next()).toEqual({ entries: [], incomplete: false });
  write(gateway, "quiet");
  write(gateway, "loud", { level: "ERROR" });
  expect(await next()).toMatchObject({ entries: [{ message: "loud", level: "ERROR" }] });
});

it("GET /api/v1/health/events tells how things are, again and again, to whoever is signed in", async () => {
  const stream = await open("/api/v1/health/events");
  const first = await stream.next();
  expect(first).toMatchObject({ event: "health", data: { service: "robin-gateway", status: "UP" } });
  gateway.clock.advance(5000);
  const second = await stream.next();
  expect(Number(second.id)).toBe(Number(first.id) + 5000);
  expect(await openEvents(gateway, "/api/v1/health/events").catch((error: unknown) => error)).toMatchObject({
    status: 401,
  });
});

it("what is watched is neither compressed nor held back, and HEAD does not watch", async () => {
  const stream = await open("/api/v1/health/events");
  for (const { headers } of [stream, await open(trpcPath("health.watch"))]) {
    expect(headers.get("content-encoding")).toBeNull();
    expect(headers.get("cache-control")).toContain("no-transform");
    expect(headers.get("x-accel-buffering")).toBe("no");
  }
  const head = await gateway.request("/api/v1/health/events", { method: "HEAD", token: user.token });
  expect(head.status).toBe(200);
  expect(head.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
});
