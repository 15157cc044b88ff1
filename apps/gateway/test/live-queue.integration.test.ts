import { testRedisUrl } from "@robin/db/testing";
import { createEvents } from "@robin/events";
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startPortProxy } from "../../../packages/jobs/test/port-proxy.ts";
import { startTestGateway, type TestGateway } from "./harness.ts";
import { change, readTo, roads, type Watcher } from "./live-support.ts";

const keptBytesMax = 20_000;

let gateway: TestGateway;
let other: TestGateway;
let token: string;
const watchers: Watcher[] = [];

beforeAll(async () => {
  gateway = await startTestGateway({
    live: { clientsMax: 100, clientsPerUserMax: 100, queue: { itemsMax: 50, keptBytesMax } },
  });
  other = await startTestGateway({ beside: gateway });
  ({ token } = await gateway.signIn("ROLE_USER"));
});
afterAll(async () => {
  await other.close();
  await gateway.close();
});
beforeEach(async () => {
  await gateway.db.queueItem.deleteMany();
});
afterEach(() => {
  for (const watcher of watchers.splice(0)) watcher.close();
});

async function watch(road: string, from = gateway, after?: number): Promise<Watcher> {
  const watcher = await roads[road]?.(from, token, after);
  if (!watcher) throw new Error(`no road ${road}`);
  watchers.push(watcher);
  return watcher;
}

describe.each(Object.keys(roads))("watching the queue over %s", (road) => {
  it("begins with a snapshot, which deltas follow by number", async () => {
    const seq = await change(gateway, { added: ["a", "b"] });
    const watcher = await watch(road);
    expect(await watcher.next()).toMatchObject({
      type: "snapshot",
      seq,
      items: [{ uid: "b" }, { uid: "a" }],
      totals: { ready: 2, claimed: 0, dead: 0 },
      complete: true,
    });
    await change(gateway, { added: ["c"] });
    await change(gateway, { removed: ["a"] });
    expect(await watcher.next()).toMatchObject({ type: "delta", seq: seq + 1, added: [{ uid: "c" }], removed: [] });
    expect(await watcher.next()).toMatchObject({
      type: "delta",
      seq: seq + 2,
      removed: [{ uid: "a", how: "DELETED" }],
      totals: { ready: 2 },
    });
  });

  it("goes on after the last message seen, on another process too, without a gap or a message twice", async () => {
    const first = await watch(road);
    const seq = (await change(gateway, { added: ["a"] })) - 1;
    await readTo(first, seq + 1);
    first.close();
    await change(gateway, { added: ["b"] });
    await change(gateway, { added: ["c"] });
    for (const process of [gateway, other]) {
      const second = await watch(road, process, seq + 1);
      expect(await second.next()).toMatchObject({ type: "delta", seq: seq + 2, added: [{ uid: "b" }] });
      expect(await second.next()).toMatchObject({ type: "delta", seq: seq + 3, added: [{ uid: "c" }] });
    }
  });

  it("gives a snapshot to who comes with a number that nobody gave, or of which too little is kept", async () => {
    const seq = await change(gateway, { added: ["a"], size: keptBytesMax });
    for (const after of [seq + 1000, seq - 1]) {
      const messages = await readTo(await watch(road, gateway, after), seq);
      expect(messages[0]?.type).toBe("snapshot");
    }
  });

  it("shows every process the same", async () => {
    const [here, there] = [await watch(road), await watch(road, other)];
    await Promise.all([here.next(), there.next()]);
    const seq = await change(gateway, { added: ["a"] });
    const [seenHere, seenThere] = [await readTo(here, seq), await readTo(there, seq)];
    expect(seenHere.at(-1)).toEqual(seenThere.at(-1));
  });
});

it("a snapshot of a long queue holds the newest items and says that it is not complete", async () => {
  for (const part of [0, 1, 2]) {
    await change(gateway, { added: Array.from({ length: 30 }, (_, index) => `long-${part}-${index}`) });
  }
  const { items = [], totals, complete } = await (await watch("WebSocket")).next();
  expect(items).toHaveLength(50);
  expect(items.filter(({ uid }) => uid.startsWith("long-2"))).toHaveLength(30);
  expect({ totals, complete }).toMatchObject({ totals: { ready: 90 }, complete: false });
});

it("any number of watchers cost one reading", async () => {
  const first = await watch("WebSocket");
  const seq = await change(gateway, { added: ["one"] });
  await readTo(first, seq);
  await gateway.db.queueItem.deleteMany();
  const all = await Promise.all(Array.from({ length: 20 }, () => watch("WebSocket")));
  // What was read for the first is there for all.
  for (const watcher of all) expect((await readTo(watcher, seq)).at(-1)?.totals.ready).toBe(1);
});

it("goes on where it was when the database comes back, and with what happened meanwhile", async () => {
  const [here, there] = [await watch("WebSocket"), await watch("server-sent events")];
  const seq = await change(gateway, { added: ["before"] });
  await Promise.all([readTo(here, seq), readTo(there, seq)]);
  gateway.databaseProxy.cut();
  // The other process has a way of its own to the database.
  await change(other, { added: ["while-away"] });
  gateway.databaseProxy.restore();
  expect(await here.next()).toMatchObject({ type: "delta", seq: seq + 1, added: [{ uid: "while-away" }] });
  expect(await there.next()).toMatchObject({ type: "delta", seq: seq + 1 });
});

it("goes on with what happened while Redis was away and events were lost", async () => {
  const proxy = await startPortProxy(testRedisUrl());
  const { logger } = gateway.deps;
  const events = await createEvents({ databaseUrl: "", redisUrl: proxy.url, prefix: randomUUID(), logger });
  const third = await startTestGateway({ beside: gateway, events });
  const watcher = await watch("WebSocket", third);
  const { seq } = await watcher.next();
  await proxy.cut();
  // Its own events are the others', which this process does not hear.
  await change(gateway, { added: ["unheard"] });
  await proxy.restore();
  expect(await watcher.next()).toMatchObject({ type: "delta", seq: seq + 1, added: [{ uid: "unheard" }] });
  await third.close();
  await events.close();
  await proxy.close();
});

it("a record that was replaced begins anew with a snapshot", async () => {
  const watcher = await watch("WebSocket");
  const seq = await change(gateway, { added: ["old"] });
  await readTo(watcher, seq);
  await gateway.db.queueDelta.deleteMany();
  await gateway.db.queueItem.deleteMany();
  await gateway.db.queueWatch.updateMany({ data: { seq: 0 } });
  await change(gateway, { added: ["new"] }, { silently: true });
  // Known by the gateway as an older number; it looks when it is told of a newer one.
  await gateway.deps.events.publish("queue.delta", { seq: seq + 1 });
  expect(await watcher.next()).toMatchObject({ type: "snapshot", seq: 1, items: [{ uid: "new" }] });
});
