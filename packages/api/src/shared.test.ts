import { describe, expect, it } from "vitest";
import { createShared } from "./shared.ts";

function start({ keysMax }: { keysMax?: number } = {}) {
  let ms = 1_000_000;
  let calls = 0;
  const clock = { now: () => new Date(ms) };
  const shared = createShared<number>({ clock, freshMs: 1000, ...(keysMax !== undefined && { keysMax }) });
  const get = () => Promise.resolve((calls += 1));
  return { shared, get, calls: () => calls, advance: (by: number) => (ms += by) };
}

describe("createShared", () => {
  it("asks once for all who wait, and for those who come while it is fresh", async () => {
    const { shared, get, calls, advance } = start();
    expect(await Promise.all([shared("a", get), shared("a", get)])).toEqual([1, 1]);
    advance(999);
    expect(await shared("a", get)).toBe(1);
    advance(1);
    expect(await shared("a", get)).toBe(2);
    expect(calls()).toBe(2);
  });

  it("asks again when the clock was set back", async () => {
    const { shared, get, advance } = start();
    await shared("a", get);
    advance(-3_600_000);
    expect(await shared("a", get)).toBe(2);
  });

  it("gives a failure to all who wait and keeps it for nobody", async () => {
    const { shared, get } = start();
    const failing = () => Promise.reject(new Error("Robin is away"));
    const waiting = [shared("a", failing), shared("a", get)];
    for (const result of await Promise.allSettled(waiting)) expect(result.status).toBe("rejected");
    expect(await shared("a", get)).toBe(1);
  });

  it("goes on while one still waits, and is given up when all have gone, for the next to ask anew", async () => {
    const { shared, get } = start();
    const [first, second] = [new AbortController(), new AbortController()];
    let given: AbortSignal | undefined;
    const forever = (signal: AbortSignal) => {
      given = signal;
      return new Promise<number>((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(new Error("given up"));
        });
      });
    };
    const waiting = [shared("a", forever, first.signal), shared("a", get, second.signal)];
    first.abort();
    expect(given?.aborted).toBe(false);
    second.abort();
    expect(given?.aborted).toBe(true);
    expect(await shared("a", get)).toBe(1);
    for (const result of await Promise.allSettled(waiting)) expect(result.status).toBe("rejected");
    expect(await shared("a", get)).toBe(1);
  });

  it("keeps a value although those who waited for it have gone since", async () => {
    const { shared, get } = start();
    const gone = new AbortController();
    expect(await shared("a", get, gone.signal)).toBe(1);
    gone.abort();
    expect(await shared("a", get)).toBe(1);
  });

  it("keeps no more keys than it may, the latest ones", async () => {
    const { shared, get, calls } = start({ keysMax: 2 });
    for (const key of ["a", "b", "c", "b", "c"]) await shared(key, get);
    expect(calls()).toBe(3);
    await shared("a", get);
    expect(calls()).toBe(4);
  });
});
