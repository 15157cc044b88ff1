import { createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isRobinError } from "./errors.ts";
import type { CallOptions, CallSpan, RobinCall } from "./calls.ts";
import { createTestClient, rejection, type TestClient } from "./testing/stand-in.ts";

let simulator: RobinSimulator;
let client: TestClient;
let giveUp: AbortController;
beforeEach(async () => {
  simulator = await createRobinSimulator({ items: 3 });
  client = createTestClient(simulator.clientUrl, { maxConnections: 4 });
  giveUp = new AbortController();
});
afterEach(async () => {
  giveUp.abort();
  await client.close();
  await simulator.close();
});

const envelope = { mail: "a@example.com", rcpt: ["b@example.com"], subject: "Hi", message: "Hello" };
const account = { domain: "example.com", user: "tony" };

/** Each leaves slots of the port to others, however many ask. */
const slow: [string, number, (options: CallOptions) => Promise<unknown>][] = [
  ["sends", 1, (options) => client.send.deliver({ case: { envelopes: [envelope] } }, options)],
  [
    "log searches",
    1,
    async (options) => {
      for await (const line of client.logs.search({ query: "x" }, options)) expect(line).toBeDefined();
    },
  ],
  ["large pages of the queue", 2, (options) => client.queue.list({ limit: 1000 }, options)],
  ["folders of the store", 2, (options) => client.store.list({ path: "" }, options)],
  ["the list of users", 2, (options) => client.users.list(options)],
  ["mailboxes of the other store", 2, (options) => client.mailboxes.view(account, options)],
];

describe.each(slow)("%s", (_name, slots, ask) => {
  it(`take at most ${slots} of the port's connections, while other calls are answered`, async () => {
    simulator.faults.set({ port: "client", route: "*", fault: { kind: "blackHole" } });
    const stuck = Array.from({ length: 7 }, () => rejection(ask({ signal: giveUp.signal }), isRobinError));
    await expect.poll(() => simulator.requests.length).toBe(slots);
    simulator.faults.clear();
    for (let n = 0; n < 5; n += 1) expect((await client.health.client()).status).toBe("UP");
    await client.queue.list({ limit: 20 });
    expect(client.load().client.running).toBe(slots);
    expect(simulator.requests).toHaveLength(slots + 6);
    giveUp.abort();
    for (const failure of await Promise.all(stuck)) expect(failure.kind).toBe("aborted");
    expect(client.load()).toEqual({ client: { running: 0, waiting: 0 }, service: { running: 0, waiting: 0 } });
  });
});

it("who is late in the line while Robin sends a message is told so, and counts for nothing", async () => {
  await using narrow = createTestClient(simulator.clientUrl, { maxConnections: 1, breaker: { failureThreshold: 1 } });
  simulator.faults.set({ port: "client", route: "/client/send", fault: { kind: "blackHole" } });
  const send = rejection(
    narrow.send.deliver({ case: { envelopes: [envelope] } }, { signal: giveUp.signal }),
    isRobinError,
  );
  const late = await rejection(narrow.health.client({ timeoutMs: 20 }), isRobinError);
  expect(late).toMatchObject({ kind: "timeout", busyWith: "sending a message" });
  expect(narrow.breakers().client).toBe("closed");
  giveUp.abort();
  await send;
});

describe("a trace", () => {
  const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const own = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01";
  const sent = () => simulator.requests.map(({ headers }) => headers.traceparent);

  it("goes to Robin as the caller gave it, on small calls, streams and second tries", async () => {
    simulator.faults.set({ port: "client", route: "/health", fault: { kind: "reset" }, times: 1 });
    await client.health.client({ traceparent: parent });
    for await (const line of client.logs.search({ query: "x" }, { traceparent: parent })) expect(line).toBeDefined();
    await client.health.client();
    expect(sent()).toEqual([parent, parent, parent, undefined]);
  });

  it("gets a span for each call, which goes to Robin and is ended with the outcome, before it is sent or not", async () => {
    const spans: { parent: string | undefined; ended?: RobinCall }[] = [];
    await using traced = createTestClient(simulator.clientUrl, {
      startSpan({ endpoint, parent: given }): CallSpan {
        expect(endpoint).toBe("/health");
        const span: (typeof spans)[number] = { parent: given };
        spans.push(span);
        return { traceparent: own, end: (call) => void (span.ended = call) };
      },
    });
    await traced.health.client({ traceparent: parent });
    await rejection(traced.health.client({ signal: AbortSignal.abort() }), isRobinError);
    expect(sent()).toEqual([own]);
    expect(spans).toMatchObject([
      { parent, ended: { outcome: "ok", status: 200 } },
      { parent: undefined, ended: { outcome: "aborted" } },
    ]);
  });

  it("that fails does not fail the call", async () => {
    await using traced = createTestClient(simulator.clientUrl, {
      startSpan() {
        throw new Error("no tracer");
      },
    });
    expect((await traced.health.client({ traceparent: parent })).status).toBe("UP");
    expect(sent()).toEqual([parent]);
  });
});

it("tells the caller, too, about its own call, whatever he throws", async () => {
  const own: RobinCall[] = [];
  await client.health.client({
    onCall(call) {
      own.push(call);
      throw new Error("a bad listener");
    },
  });
  await client.health.client();
  expect(own).toEqual(client.calls.slice(0, 1));
});
