import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { captureLog } from "../test/captured-log.ts";
import { closeOnSignal } from "./shutdown.ts";

class FakeHost extends EventEmitter {
  exits: number[] = [];
  exit(code: number) {
    this.exits.push(code);
  }
}

describe("stopping the process", () => {
  let host: FakeHost;
  const log = captureLog();
  beforeEach(() => {
    vi.useFakeTimers();
    host = new FakeHost();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function arrange(close: () => Promise<void>) {
    closeOnSignal({ host, close, logger: log.logger, deadlineMs: 1000 });
  }

  it.each(["SIGTERM", "SIGINT", "disconnect"])("closes once at %s, then ends", async (event) => {
    let closed = 0;
    arrange(() => {
      closed += 1;
      return Promise.resolve();
    });
    host.emit(event);
    host.emit("SIGTERM");
    await vi.advanceTimersByTimeAsync(5000);
    expect(closed).toBe(1);
    expect(host.exits).toEqual([0]);
  });

  it("ends with 1 when closing fails", async () => {
    arrange(() => Promise.reject(new Error("no")));
    host.emit("SIGTERM");
    await vi.advanceTimersByTimeAsync(0);
    expect(host.exits).toEqual([1]);
  });

  it("ends at once when closing takes too long", async () => {
    arrange(() => new Promise(() => undefined));
    host.emit("SIGTERM");
    await vi.advanceTimersByTimeAsync(999);
    expect(host.exits).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(host.exits).toEqual([1]);
  });
});
