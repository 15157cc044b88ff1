import { describe, expect, it } from "vitest";
import { createManualClock } from "../clock.ts";
import { createRandom } from "../random.ts";
import { noon } from "../testing/simulators.ts";
import { createSimulatedQueue } from "./queue.ts";
import { maxRetryCount, retryWaitSeconds } from "./schedule.ts";

const noonSeconds = noon.getTime() / 1000;

function createQueue() {
  const clock = createManualClock(noon);
  const queue = createSimulatedQueue({ clock, random: createRandom(1), hostname: "robin.test", queueFolder: "/q" });
  return { clock, queue };
}

describe("schedule", () => {
  it("waits as Robin's defaults do, about 23.6 hours in all", () => {
    const waits = Array.from({ length: 30 }, (_unused, index) => retryWaitSeconds(index + 1));
    expect(waits).toEqual([
      60, 60, 120, 120, 120, 180, 240, 240, 300, 360, 420, 540, 660, 780, 900, 1080, 1320, 1620, 1920, 2280, 2760, 3300,
      3960, 4740, 5700, 6840, 8220, 9900, 11880, 14220,
    ]);
    expect(waits.reduce((sum, wait) => sum + wait)).toBe(84_840);
    expect(retryWaitSeconds(31)).toBe(0);
  });

  it("gives local delivery ten tries and everything else thirty", () => {
    expect(["DOVECOT-LDA", "stalwart-direct", "LMTP", ""].map(maxRetryCount)).toEqual([10, 10, 30, 30]);
  });
});

describe("order", () => {
  it("goes by second of creation, then UID, whatever came first", () => {
    const { queue } = createQueue();
    for (const [uid, createdAtSeconds] of [
      ["c", 5],
      ["a", 6],
      ["b", 5],
      ["d", 1],
    ] as const)
      queue.add({ uid, createdAtSeconds });
    queue.remove("a");
    queue.add({ uid: "a", createdAtSeconds: 5 });
    expect(queue.items().map(({ uid }) => uid)).toEqual(["d", "a", "b", "c"]);
  });

  it("gives lists of their own, which later changes leave alone", () => {
    const { queue } = createQueue();
    queue.add({ uid: "a" });
    const before = queue.items();
    queue.add({ uid: "b" });
    expect([before.length, queue.items().length]).toEqual([1, 2]);
  });

  it("filters by state, protocol without case, and retries", () => {
    const { queue } = createQueue();
    queue.add({ uid: "a", protocol: "LMTP", retryCount: 2 });
    queue.add({ uid: "b", protocol: "lmtp", state: "DEAD" });
    queue.add({ uid: "c", protocol: "", state: "CLAIMED", retryCount: 5 });
    const uids = (filter: Parameters<typeof queue.list>[0]) => queue.list(filter).map(({ uid }) => uid);
    expect(uids({ protocol: "Lmtp" })).toEqual(["a", "b"]);
    expect(uids({ states: ["READY", "CLAIMED"] })).toEqual(["a", "c"]);
    expect(uids({ retryMin: 2, retryMax: 4 })).toEqual(["a"]);
    for (let retryMax = 0; retryMax < 40; retryMax++) queue.list({ retryMax });
    expect(uids({ protocol: "" })).toEqual(["c"]);
  });
});

describe("life of an item", () => {
  it("is claimed when due, those that wait longest first", () => {
    const { clock, queue } = createQueue();
    queue.add({ uid: "late", nextAttemptAtSeconds: noonSeconds + 60 });
    queue.add({ uid: "now", nextAttemptAtSeconds: noonSeconds });
    queue.add({ uid: "early", nextAttemptAtSeconds: noonSeconds - 60 });
    expect(queue.claim(1).map(({ uid }) => uid)).toEqual(["early"]);
    expect(queue.claim(9).map(({ uid }) => uid)).toEqual(["now"]);
    clock.advance(60_000);
    expect(queue.claim(9).map(({ uid }) => uid)).toEqual(["late"]);
    expect(queue.counts()).toEqual({ ready: 0, claimed: 3, dead: 0 });
  });

  it("is gone when delivered", () => {
    const { queue } = createQueue();
    const { uid } = queue.add();
    expect([queue.deliver(uid), queue.deliver(uid), queue.size, queue.get(uid)]).toEqual([true, false, 0, undefined]);
  });

  it("waits by the schedule after a failure, and dies after its last retry", () => {
    const { clock, queue } = createQueue();
    const { uid } = queue.add({ maxRetryCount: 2 });
    queue.claim(1);
    expect(queue.fail(uid, { permanent: false, reason: "451 later" })).toBe(true);
    expect(queue.get(uid)).toMatchObject({
      state: "READY",
      retryCount: 1,
      lastRetryAtSeconds: noonSeconds,
      nextAttemptAtSeconds: noonSeconds + 60,
      claimedUntilSeconds: 0,
      lastError: "451 later",
    });
    clock.advance(60_000);
    queue.fail(uid, { permanent: false });
    queue.fail(uid, { permanent: false });
    expect(queue.get(uid)).toMatchObject({ state: "DEAD", retryCount: 2 });
    expect(queue.statistics().reschedules).toBe(2);
  });

  it("dies at once of a permanent failure if its protocol is esmtp, and only then", () => {
    const { queue } = createQueue();
    queue.add({ uid: "esmtp", protocol: "ESMTP" });
    queue.add({ uid: "lmtp", protocol: "LMTP" });
    for (const uid of ["esmtp", "lmtp"]) queue.fail(uid, { permanent: true });
    expect(queue.get("esmtp")).toMatchObject({ state: "DEAD", lastError: "550 5.1.1 No such user" });
    expect(queue.get("lmtp")).toMatchObject({ state: "READY", retryCount: 1 });
    expect(queue.fail("nobody", { permanent: true })).toBe(false);
  });

  it("bounces to each failed recipient when asked to", () => {
    const { queue } = createQueue();
    const envelope = { mail: "from@example.com", file: "/q/1.eml" };
    queue.add({
      uid: "a",
      envelopes: [
        { ...envelope, rcpts: ["x@example.com", "y@example.com"] },
        { ...envelope, rcpts: ["x@example.com"] },
      ],
    });
    queue.fail("a", { permanent: true, bounce: true });
    const bounces = queue.list({ states: ["READY"] });
    expect(bounces.map(({ protocol, envelopes }) => [protocol, envelopes[0]?.mail, envelopes[0]?.rcpts])).toEqual(
      expect.arrayContaining([
        ["esmtp", "mailer-daemon@robin.test", ["x@example.com"]],
        ["esmtp", "mailer-daemon@robin.test", ["y@example.com"]],
      ]),
    );
    expect(bounces).toHaveLength(2);
  });

  it("comes back when its claim runs out, without a retry", () => {
    const { clock, queue } = createQueue();
    const { uid } = queue.add();
    queue.claim(1);
    expect(queue.statistics()).toMatchObject({ oldestReadyAtSeconds: 0, oldestClaimedAtSeconds: noonSeconds + 300 });
    clock.advance(299_000);
    expect(queue.releaseExpiredClaims()).toBe(0);
    clock.advance(1_000);
    expect(queue.releaseExpiredClaims()).toBe(1);
    expect(queue.get(uid)).toMatchObject({ state: "READY", retryCount: 0, nextAttemptAtSeconds: noonSeconds + 300 });
  });

  it("is revived by a retry and parked by a bounce of the API", () => {
    const { queue } = createQueue();
    const { uid } = queue.add();
    expect(queue.markDead(uid, "Bounced by admin endpoint")).toBe(true);
    expect([queue.size, queue.counts().dead]).toEqual([0, 1]);
    expect(queue.retryNow(uid)).toBe(true);
    expect(queue.get(uid)).toMatchObject({
      state: "READY",
      retryCount: 1,
      lastError: undefined,
      lastRetryAtSeconds: noonSeconds,
    });
    expect([queue.markDead("x", ""), queue.retryNow("x"), queue.remove("x")]).toEqual([false, false, false]);
  });

  it("cannot be listed any more when a MIME message was refused", () => {
    const { queue } = createQueue();
    const { uid } = queue.add({ envelopes: [{ mail: "a", rcpts: ["b"], file: undefined, mime: true }] });
    queue.fail(uid, { permanent: true });
    expect(queue.get(uid)?.listError).toBe("Failed to serialize queue payload");
  });
});
