import { describe, expect, it } from "vitest";
import { createLine, LineFullError } from "./line.ts";

function gate(): { work: () => Promise<string>; open: () => void; started: () => boolean } {
  const { promise, resolve } = Promise.withResolvers<string>();
  let hasStarted = false;
  return {
    work: () => {
      hasStarted = true;
      return promise;
    },
    open: () => {
      resolve("done");
    },
    started: () => hasStarted,
  };
}

const never = new AbortController().signal;

describe("createLine", () => {
  it("runs as many as there are slots, the rest in order of arrival", async () => {
    const line = createLine({ slots: 1, waiting: 2 });
    const gates = [gate(), gate(), gate()] as const;
    const runs = gates.map(({ work }) => line.run(work, never));
    expect(gates.map(({ started }) => started())).toEqual([true, false, false]);
    gates[0].open();
    await runs[0];
    expect(gates.map(({ started }) => started())).toEqual([true, true, false]);
    gates[1].open();
    gates[2].open();
    expect(await Promise.all(runs)).toEqual(["done", "done", "done"]);
  });

  it("refuses when too many wait, and takes new ones afterwards", async () => {
    const line = createLine({ slots: 1, waiting: 0 });
    const first = gate();
    const run = line.run(first.work, never);
    await expect(line.run(first.work, never)).rejects.toThrow(LineFullError);
    first.open();
    await run;
    expect(await line.run(() => Promise.resolve(1), never)).toBe(1);
  });

  it("gives the place of a caller who gave up to the next", async () => {
    const line = createLine({ slots: 1, waiting: 1 });
    const first = gate();
    const run = line.run(first.work, never);
    const controller = new AbortController();
    const waiting = line.run(() => Promise.resolve("never"), controller.signal);
    controller.abort(new Error("gave up"));
    await expect(waiting).rejects.toThrow("gave up");
    const next = line.run(() => Promise.resolve("next"), never);
    first.open();
    expect(await Promise.all([run, next])).toEqual(["done", "next"]);
  });

  it("frees the slot of work that fails", async () => {
    const line = createLine({ slots: 1, waiting: 0 });
    await expect(line.run(() => Promise.reject(new Error("no")), never)).rejects.toThrow("no");
    expect(await line.run(() => Promise.resolve(1), never)).toBe(1);
  });

  it("sends those who wait home, and lets those who run go on", async () => {
    const line = createLine({ slots: 1, waiting: 2 });
    const first = gate();
    const run = line.run(first.work, never);
    const waiting = [line.run(first.work, never), line.run(first.work, never)];
    line.rejectWaiting(() => new Error("home"));
    for (const one of waiting) await expect(one).rejects.toThrow("home");
    first.open();
    expect(await run).toBe("done");
  });

  it("runs nothing for a signal that is aborted already", async () => {
    const line = createLine({ slots: 1, waiting: 0 });
    await expect(line.run(() => Promise.resolve(1), AbortSignal.abort(new Error("early")))).rejects.toThrow("early");
    expect(await line.run(() => Promise.resolve(1), never)).toBe(1);
  });

  describe("with a lane", () => {
    const create = () => createLine({ slots: 2, waiting: 3 }, { slow: { slots: 1, waiting: 1 } });

    it("never gives it more than its own slots, and lets others pass those who wait for it", async () => {
      const line = create();
      const [first, second, other] = [gate(), gate(), gate()];
      const runs = [line.run(first.work, never, "slow"), line.run(second.work, never, "slow")];
      const passing = line.run(other.work, never);
      expect([first, second, other].map(({ started }) => started())).toEqual([true, false, true]);
      expect(line.load()).toEqual({ running: 2, waiting: 1 });
      first.open();
      await runs[0];
      expect(second.started()).toBe(true);
      second.open();
      other.open();
      await Promise.all([...runs, passing]);
      expect(line.load()).toEqual({ running: 0, waiting: 0 });
    });

    it("refuses its own kind when its places are taken, while others may still wait", async () => {
      const line = create();
      const busy = gate();
      const runs = [line.run(busy.work, never, "slow"), line.run(busy.work, never, "slow")];
      await expect(line.run(busy.work, never, "slow")).rejects.toThrow(LineFullError);
      const others = Array.from({ length: 3 }, () => line.run(busy.work, never));
      await expect(line.run(busy.work, never)).rejects.toThrow(LineFullError);
      busy.open();
      expect(await Promise.all([...runs, ...others])).toHaveLength(5);
    });

    it("gives the place of one who gave up to the next of its kind", async () => {
      const line = create();
      const busy = gate();
      const run = line.run(busy.work, never, "slow");
      const controller = new AbortController();
      const waiting = line.run(busy.work, controller.signal, "slow");
      controller.abort(new Error("gave up"));
      await expect(waiting).rejects.toThrow("gave up");
      const next = line.run(busy.work, never, "slow");
      busy.open();
      expect(await Promise.all([run, next])).toEqual(["done", "done"]);
    });
  });
});
