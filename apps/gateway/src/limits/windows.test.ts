import { describe, expect, it } from "vitest";
import { claimAll, type Grant, refillAll, Windows } from "./windows.ts";

const minuteMs = 60_000;
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Windows before a common count that answers when a test says so. */
function windowsWith({ share = 1, limit = 10 } = {}) {
  let nowMs = 1_000_000;
  let usable = true;
  const asks: { want: number; answer: (grant: Grant | undefined) => void }[] = [];
  const windows = new Windows(
    { name: "test", limit, windowMs: minuteMs, share },
    {
      now: () => nowMs,
      keysMax: 100,
      store: {
        usable: () => usable,
        ask: (_rule, _key, want) => new Promise((answer) => asks.push({ want, answer })),
      },
    },
  );
  const take = async (cost = 1) => {
    for (;;) {
      const claims = [{ windows, window: windows.of("anna"), cost }];
      const outcome = claimAll(claims);
      if (outcome !== undefined) return outcome === "taken";
      await refillAll(claims);
    }
  };
  const answer = async (grant: Grant | undefined) => {
    asks.at(-1)?.answer(grant);
    await tick();
  };
  return {
    take,
    answer,
    wants: () => asks.map(({ want }) => want),
    windows,
    advance: (ms: number) => void (nowMs += ms),
    loseStore: () => void (usable = false),
  };
}

describe("a window that is counted together", () => {
  it("asks once for all who wait, and no more than they need when that is more than a share", async () => {
    const { take, answer, wants } = windowsWith();
    const early = [take(), take()];
    await tick();
    const late = take();
    await answer({ granted: 2, used: 2, remainingMs: minuteMs });
    expect(await Promise.all(early)).toEqual([true, true]);
    await answer({ granted: 1, used: 3, remainingMs: minuteMs });
    expect(await late).toBe(true);
    expect(wants()).toEqual([2, 1]);
  });

  it("ends when the common one ends, counted from the question rather than from a late answer", async () => {
    const { take, answer, advance, wants } = windowsWith({ share: 5 });
    const first = take();
    await tick();
    advance(80);
    await answer({ granted: 5, used: 5, remainingMs: minuteMs });
    expect(await first).toBe(true);
    advance(minuteMs - 81);
    expect(await take()).toBe(true);
    advance(1);
    const next = take();
    await tick();
    expect(wants()).toEqual([5, 5]);
    await answer({ granted: 5, used: 5, remainingMs: minuteMs });
    expect(await next).toBe(true);
  });

  it("refuses without asking once all is used, and does not hand out a share of the window before", async () => {
    const { take, answer, advance, wants, windows } = windowsWith({ share: 5 });
    const first = take();
    await tick();
    await answer({ granted: 1, used: 10, remainingMs: 30_000 });
    expect([await first, await take(), await take()]).toEqual([true, false, false]);
    expect(windows.resetSeconds(windows.of("anna"))).toBe(30);
    expect(wants()).toEqual([5]);
    advance(30_000);
    void take();
    await tick();
    expect(wants()).toEqual([5, 5]);
  });

  it("goes on with what is known to be left when no answer comes, and when there is nobody to ask", async () => {
    const { take, answer, loseStore, wants } = windowsWith({ share: 2 });
    const first = [take(), take()];
    await tick();
    await answer({ granted: 2, used: 6, remainingMs: minuteMs });
    expect(await Promise.all(first)).toEqual([true, true]);
    const lost = take();
    await tick();
    loseStore();
    await answer(undefined);
    const rest = [await lost, await take(), await take(), await take(), await take()];
    expect(rest).toEqual([true, true, true, true, false]);
    expect(wants()).toEqual([2, 2]);
  });
});
