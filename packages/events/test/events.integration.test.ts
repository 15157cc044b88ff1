import { once, EventEmitter } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startPortProxy as startStallingProxy } from "../../../apps/gateway/test/port-proxy.ts";
import { type PortProxy, startPortProxy } from "../../jobs/test/port-proxy.ts";
import { createCarriedEvents } from "../src/carried-events.ts";
import type { EventPayloads, Events } from "../src/events.ts";
import { servers, type TestServer } from "./servers.ts";

type Line = { level: string; message: string } & Record<string, unknown>;

/** Events of one process, with what it heard and logged. */
interface TestProcess extends Events {
  heard: number[];
  logs: Line[];
  untilHeard(seq: number): Promise<void>;
  /** Resolves with the next gap. */
  nextGap(): Promise<void>;
}

describe.each(["postgresql", "redis"] as const)("over %s", (kind) => {
  let server: TestServer;
  let proxy: PortProxy;
  let processes: TestProcess[];

  beforeAll(async () => {
    server = await servers[kind]();
  });
  beforeEach(async () => {
    processes = [];
    proxy = await startPortProxy(server.url);
  });
  afterEach(async () => {
    await Promise.all(processes.map((one) => one.close()));
    await proxy.close();
  });
  afterAll(() => server.drop());

  function createLogger(): {
    logs: Line[];
    logger: Record<"info" | "warn" | "error", (fields: object, message: string) => void>;
  } {
    const logs: Line[] = [];
    const at = (level: string) => (fields: object, message: string) => void logs.push({ ...fields, level, message });
    return { logs, logger: { info: at("info"), warn: at("warn"), error: at("error") } };
  }

  function toProcess(events: Events, logs: Line[]): TestProcess {
    const heard: number[] = [];
    const happened = new EventEmitter();
    events.subscribe("queue.delta", ({ seq }) => {
      heard.push(seq);
      happened.emit("heard");
    });
    events.onGap(() => happened.emit("gap"));
    const one: TestProcess = {
      ...events,
      heard,
      logs,
      untilHeard: async (seq) => {
        while (!heard.includes(seq)) await once(happened, "heard");
      },
      nextGap: async () => {
        await once(happened, "gap");
      },
    };
    processes.push(one);
    return one;
  }

  async function start(url = server.url): Promise<TestProcess> {
    const { logs, logger } = createLogger();
    return toProcess(await server.createEvents(url, logger), logs);
  }

  it("a message reaches every process once, this one included, in the sender's order", async () => {
    const [one, other] = [await start(), await start()];
    const seqs = Array.from({ length: 300 }, (_, index) => index);
    await Promise.all(seqs.map((seq) => one.publish("queue.delta", { seq })));
    // The same once more is another message.
    await one.publish("queue.delta", { seq: 7 });
    await one.publish("queue.delta", { seq: 1000 });
    await other.untilHeard(1000);
    await other.publish("queue.delta", { seq: 1001 });
    await one.untilHeard(1001);
    expect(one.heard).toEqual([...seqs, 7, 1000, 1001]);
    expect(other.heard).toEqual([...seqs, 7, 1000, 1001]);
  });

  it("a payload far over 8 kB arrives whole, in its place", async () => {
    const [one, other] = [await start(), await start()];
    const tags = Array.from({ length: 5000 }, (_, index) => `Täg "${index}" 📮\n`);
    const received = new Promise<EventPayloads["cache.invalidate"]>((resolve) => {
      other.subscribe("cache.invalidate", resolve);
    });
    const before = other.untilHeard(1).then(() => received);
    await one.publish("cache.invalidate", { tags });
    await one.publish("queue.delta", { seq: 1 });
    expect(await before).toEqual({ tags });
  });

  it("what is too long for a message is logged and not sent", async () => {
    const one = await start();
    await one.publish("cache.invalidate", { tags: ["x".repeat(1024 ** 2)] });
    expect(one.logs).toMatchObject([{ level: "error", event: "cache.invalidate" }]);
  });

  it("killed connections are made anew: a gap is told, and messages flow on", async () => {
    const [one, other] = [await start(), await start()];
    await one.publish("queue.delta", { seq: 1 });
    await other.untilHeard(1);
    const gaps = [one.nextGap(), other.nextGap()];
    await server.killConnections();
    await Promise.all(gaps);
    // The sender may learn only by this one that its connection is gone; others hear of a gap then.
    const gapOrMessage = Promise.race([other.untilHeard(2), other.nextGap()]);
    await one.publish("queue.delta", { seq: 2 });
    await gapOrMessage;
    await one.publish("queue.delta", { seq: 3 });
    await other.untilHeard(3);
    expect(new Set(other.heard).size).toBe(other.heard.length);
  });

  it("while the server is away nothing rejects, the own process hears, and one line warns; then all learn of the gap", async () => {
    const [one, other] = [await start(proxy.url), await start()];
    await proxy.cut();
    await Promise.all([1, 2, 3].map((seq) => one.publish("queue.delta", { seq })));
    expect(one.heard).toEqual([1, 2, 3]);
    const gaps = [one.nextGap(), other.nextGap()];
    await proxy.restore();
    await Promise.all(gaps);
    await expect.poll(() => one.logs.map(({ level }) => level)).toEqual(["warn", "info"]);
    expect(one.logs[1]).toMatchObject({ lost: 3 });
    await one.publish("queue.delta", { seq: 4 });
    await other.publish("queue.delta", { seq: 5 });
    await Promise.all([one.untilHeard(5), other.untilHeard(4)]);
    expect(other.heard).not.toContain(1);
    expect(other.logs).toEqual([]);
  });

  it("a process that starts before the server hears of a gap when it comes", async () => {
    await proxy.cut();
    const { logs, logger } = createLogger();
    const one = toProcess(await createCarriedEvents(server.carrier(proxy.url), { logger, waitMs: 20 }), logs);
    await one.publish("queue.delta", { seq: 1 });
    const gap = one.nextGap();
    await proxy.restore();
    await gap;
    expect(logs[0]).toMatchObject({ level: "warn" });
    expect(JSON.stringify(logs)).not.toContain("secret");
  });

  it("a server that falls silent counts as away", async () => {
    const stalling = await startStallingProxy(Number(new URL(server.url).port));
    const url = new URL(server.url);
    url.host = `127.0.0.1:${stalling.port}`;
    const { logs, logger } = createLogger();
    const carrier = server.carrier(url.href, { checkEveryMs: 30, answerWithinMs: 200 });
    const one = toProcess(await createCarriedEvents(carrier, { logger }), logs);
    stalling.stall();
    await expect.poll(() => logs.length).toBe(1);
    const gap = one.nextGap();
    stalling.restore();
    await gap;
    await stalling.close();
  });

  it("what nobody of us can have said is logged and passed over", async () => {
    const [one, other] = [await start(), await start()];
    await server.say("nonsense");
    await server.say('{"from":"elsewhere","name":"unheard.of","payload":1}');
    await one.publish("queue.delta", { seq: 1 });
    await other.untilHeard(1);
    expect(other.logs).toMatchObject([{ level: "error", message: "an event could not be read" }]);
  });

  it("what a listener throws is logged, and the others hear all the same", async () => {
    const [one, other] = [await start(), await start()];
    other.subscribe("queue.delta", () => {
      throw new Error("broken listener");
    });
    const late = new Promise((resolve) => other.subscribe("queue.delta", resolve));
    await one.publish("queue.delta", { seq: 1 });
    expect(await late).toEqual({ seq: 1 });
    expect(other.logs).toMatchObject([{ level: "error", event: "queue.delta" }]);
  });

  it("who has stopped listening, or closed, hears nothing more and leaves no connection", async () => {
    const [one, other] = [await start(), await start()];
    const stopped: number[] = [];
    other.subscribe("queue.delta", ({ seq }) => void stopped.push(seq))();
    await one.publish("queue.delta", { seq: 1 });
    await other.untilHeard(1);
    expect(stopped).toEqual([]);
    await Promise.all([one.close(), other.close()]);
    await expect.poll(() => server.connections()).toBe(0);
    await one.publish("queue.delta", { seq: 2 });
    expect(other.heard).toEqual([1]);
  });
});
