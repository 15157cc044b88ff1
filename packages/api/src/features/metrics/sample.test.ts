import { describe, expect, it } from "vitest";
import type { RobinReading } from "./robin-reading.ts";
import { toSample } from "./sample.ts";

const at = new Date("2027-03-28T12:00:00.000Z");
const gapMsMax = 45_000;

function received(reading: RobinReading, earlier?: RobinReading, secondsAgo = 15): number | null {
  const before = earlier && { at: new Date(at.getTime() - secondsAgo * 1000), reading: earlier };
  return toSample(reading, before, { at, gapMsMax }).received;
}

describe("what was received between two samples", () => {
  it("is the difference of the counter", () => {
    expect(received({ receivedTotal: 107, uptimeSeconds: 1000 }, { receivedTotal: 100, uptimeSeconds: 985 })).toBe(7);
    expect(received({ receivedTotal: 100, uptimeSeconds: 1000 }, { receivedTotal: 100, uptimeSeconds: 985 })).toBe(0);
  });

  it("is all of the counter when Robin was started anew, never less than none", () => {
    expect(received({ receivedTotal: 3, uptimeSeconds: 5 }, { receivedTotal: 100, uptimeSeconds: 985 })).toBe(3);
    expect(received({ receivedTotal: 3 }, { receivedTotal: 100 })).toBe(3);
  });

  it("is all of the counter also when that has got farther than the one before", () => {
    expect(received({ receivedTotal: 101, uptimeSeconds: 14 }, { receivedTotal: 100, uptimeSeconds: 985 })).toBe(101);
  });

  it("is not known after a gap, instead of a burst", () => {
    const [now, then] = [
      { receivedTotal: 5000, uptimeSeconds: 9000 },
      { receivedTotal: 100, uptimeSeconds: 985 },
    ];
    expect(received(now, then, 45)).toBe(4900);
    expect(received(now, then, 46)).toBeNull();
  });

  it("is not known from the first sample, unless Robin has only just started", () => {
    expect(received({ receivedTotal: 5000, uptimeSeconds: 9000 })).toBeNull();
    expect(received({ receivedTotal: 5000 })).toBeNull();
    expect(received({ receivedTotal: 4, uptimeSeconds: 45 })).toBe(4);
  });

  it("is not known when one of the samples lacks the counter", () => {
    expect(received({ uptimeSeconds: 1000 }, { receivedTotal: 100, uptimeSeconds: 985 })).toBeNull();
    expect(received({ receivedTotal: 107, uptimeSeconds: 1000 }, { uptimeSeconds: 985 })).toBeNull();
  });
});

it("what Robin does not say is null, and what it says to be none is 0", () => {
  expect(toSample({}, undefined, { at, gapMsMax })).toEqual({
    queueSize: null,
    connections: null,
    cpuPercent: null,
    memoryPercent: null,
    received: null,
    sent: null,
  });
  const idle = { queueSize: 0, connections: 0, cpuPercent: 0, receivedTotal: 0, sentTotal: 0, uptimeSeconds: 30 };
  const values = toSample({ ...idle, memoryUsedBytes: 1, memoryMaxBytes: 4 }, undefined, { at, gapMsMax });
  expect(values).toEqual({ queueSize: 0, connections: 0, cpuPercent: 0, memoryPercent: 25, received: 0, sent: 0 });
});
