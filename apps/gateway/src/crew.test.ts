import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createCrew, type Member } from "./crew.ts";
import type { Order, Ready } from "./process-messages.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const answer: Ready = { ready: true, url: "http://localhost:1" };

interface FakeMember extends Member {
  prepares: boolean;
  orders: Order[];
  serve(): void;
  die(how?: string): void;
}

function createFake(size: number) {
  const forked: FakeMember[] = [];
  const fork = (prepares: boolean): Member => {
    const ready = Promise.withResolvers<Ready>();
    const exited = Promise.withResolvers<string>();
    const member: FakeMember = {
      pid: forked.length,
      prepares,
      orders: [],
      ready: ready.promise,
      exited: exited.promise,
      send: (order) => member.orders.push(order),
      kill: () => {
        exited.resolve("signal SIGKILL");
      },
      serve: () => {
        ready.resolve(answer);
      },
      die: (how = "exit code 1") => {
        exited.resolve(how);
      },
    };
    forked.push(member);
    return member;
  };
  const crew = createCrew({ size, fork, logger: pino({ level: "silent" }), graceMs: 10_000 });
  /** The one that was forked last. */
  const last = () => at(forked.length - 1);
  const at = (index: number): FakeMember => {
    const member = forked[index];
    if (!member) throw new Error(`There is no process ${index}.`);
    return member;
  };
  return { crew, forked, last, at };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

async function startCrew(size: number) {
  const fake = createFake(size);
  const start = fake.crew.start();
  fake.last().serve();
  await settle();
  for (const member of fake.forked.slice(1)) member.serve();
  await start;
  return fake;
}

describe("a crew", () => {
  it("starts one that prepares, and the others when it serves", async () => {
    const { crew, forked, last } = createFake(3);
    const start = crew.start();
    expect(forked).toHaveLength(1);
    last().serve();
    await settle();
    expect(forked.map(({ prepares }) => prepares)).toEqual([true, false, false]);
    for (const member of forked) member.serve();
    expect(await start).toEqual(answer);
    expect(crew.members()).toHaveLength(3);
  });

  it("does not start at all when the first one does not", async () => {
    const { crew, forked, last } = createFake(3);
    const start = crew.start();
    last().die("signal SIGSEGV");
    await expect(start).rejects.toThrow("The gateway did not start (signal SIGSEGV).");
    expect(forked).toHaveLength(1);
  });

  it("restarts a dead one at once, then after pauses that double, and at once again when it was well for a minute", async () => {
    const { forked, last } = await startCrew(2);
    const pauses: number[] = [];
    for (let death = 0; death < 4; death += 1) {
      const count = forked.length;
      const since = Date.now();
      last().die();
      while (forked.length === count) await vi.advanceTimersByTimeAsync(50);
      pauses.push(Date.now() - since);
      last().serve();
      await settle();
    }
    expect(pauses).toEqual([50, 500, 1000, 2000]);
    await vi.advanceTimersByTimeAsync(60_000);
    const count = forked.length;
    last().die();
    await vi.advanceTimersByTimeAsync(1);
    expect(forked).toHaveLength(count + 1);
  });

  it("gives up when none can be kept alive, after some tries", async () => {
    const { crew, forked } = await startCrew(2);
    for (const member of forked) member.die("signal SIGKILL");
    let how: string | undefined;
    void crew.hopeless.then((last) => (how = last));
    while (how === undefined) {
      for (const member of forked) member.die();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(how).toBe("exit code 1");
    expect(forked.length).toBeGreaterThan(10);
    expect(forked.length).toBeLessThan(15);
  });

  it("goes on as long as one serves", async () => {
    const { crew, forked, last } = await startCrew(2);
    let isHopeless = false;
    void crew.hopeless.then(() => (isHopeless = true));
    for (let death = 0; death < 20; death += 1) {
      last().die();
      await vi.advanceTimersByTimeAsync(30_000);
    }
    expect(isHopeless).toBe(false);
    expect(crew.members()).toEqual([forked[0]]);
  });

  it("replaces one after the other, each only when the next one serves", async () => {
    const { crew, forked, at } = await startCrew(2);
    const [first, second] = [at(0), at(1)];
    const replaced = crew.replaceAll();
    await settle();
    const third = at(2);
    expect(third.prepares).toBe(true);
    expect(first.orders).toEqual([]);
    third.serve();
    await settle();
    expect(first.orders).toEqual([{ type: "retire" }]);
    expect(forked).toHaveLength(3);
    first.die("exit code 0");
    await settle();
    const fourth = at(3);
    fourth.serve();
    await settle();
    second.die("exit code 0");
    await replaced;
    expect(crew.members()).toEqual([third, fourth]);
    expect(crew.restarts()).toBe(0);
  });

  it("keeps what it has when a new one does not start", async () => {
    const { crew, forked, last } = await startCrew(2);
    const before = crew.members();
    const replaced = crew.replaceAll();
    await settle();
    last().die();
    await replaced;
    expect(forked).toHaveLength(3);
    expect(crew.members()).toEqual(before);
  });

  it("stops all, by force who does not go in time, and restarts none", async () => {
    const { crew, forked, at } = await startCrew(2);
    const [first, second] = [at(0), at(1)];
    const stopped = crew.stop();
    expect(second.orders).toEqual([{ type: "stop" }]);
    first.die("exit code 0");
    await vi.advanceTimersByTimeAsync(10_000);
    await stopped;
    expect(await second.exited).toBe("signal SIGKILL");
    expect(forked).toHaveLength(2);
  });
});
