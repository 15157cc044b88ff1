import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { captureLog, type CapturedLog } from "../test/captured-log.ts";
import { type Watch, watchService } from "./watch.ts";

describe("watching a service", () => {
  let log: CapturedLog;
  let answer: () => Promise<unknown>;
  let pings: number;
  let recoveries: number;
  let watch: Watch;

  beforeEach(() => {
    vi.useFakeTimers();
    log = captureLog();
    pings = recoveries = 0;
    answer = () => Promise.resolve();
    watch = watchService({
      service: "database",
      ping: () => {
        pings += 1;
        return answer();
      },
      logger: log.logger,
      intervalMs: 1000,
      timeoutMs: 500,
      onRecovery: () => (recoveries += 1),
    });
  });
  afterEach(() => {
    watch.stop();
    vi.useRealTimers();
  });

  it("logs one line when it goes and one when it is back, and looks more often in between", async () => {
    answer = () => Promise.reject(new Error("refused"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(watch.isUp()).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(pings).toBe(11);
    answer = () => Promise.resolve();
    await vi.advanceTimersByTimeAsync(100);
    expect(watch.isUp()).toBe(true);
    expect(log.lines.map(({ msg }) => msg)).toEqual([
      "database is away; jobs wait until it is back",
      "database is back",
    ]);
    expect(log.lines[0]).toMatchObject({ service: "database", err: { message: "refused" } });
    expect(recoveries).toBe(1);
  });

  it("takes no answer in time for none", async () => {
    answer = () => new Promise(() => undefined);
    const looked = watch.check();
    await vi.advanceTimersByTimeAsync(500);
    expect(await looked).toBe(false);
  });

  it("asks once for callers that ask together", async () => {
    expect(await Promise.all([watch.check(), watch.check()])).toEqual([true, true]);
    expect(pings).toBe(1);
  });

  it("does not look after its end", async () => {
    const looked = watch.check();
    watch.stop();
    await looked;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await watch.check()).toBe(true);
    expect(pings).toBe(1);
  });
});
